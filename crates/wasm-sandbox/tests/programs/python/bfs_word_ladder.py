from collections import deque
from string import ascii_lowercase

WORDS = {"cold", "cord", "card", "ward", "warm", "corm", "worm", "word", "wold"}


def ladder(start, goal):
    queue, seen = deque([[start]]), {start}
    while queue:
        path = queue.popleft()
        if path[-1] == goal:
            return path
        for at in range(len(start)):
            for letter in ascii_lowercase:
                word = path[-1][:at] + letter + path[-1][at + 1 :]
                if word in WORDS and word not in seen:
                    seen.add(word)
                    queue.append(path + [word])


print(ladder("cold", "warm"))


def flood(grid, r, c, new):
    old = grid[r][c]
    if old != new:
        stack = [(r, c)]
        while stack:
            r, c = stack.pop()
            if 0 <= r < len(grid) and 0 <= c < len(grid[0]) and grid[r][c] == old:
                grid[r][c] = new
                stack += [(r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)]
    return grid


print(["".join(row) for row in flood([list(row) for row in ["..#", ".##", "..."]], 0, 0, "o")])
