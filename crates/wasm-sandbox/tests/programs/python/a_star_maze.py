import heapq

MAZE = """
S.#.....
.##.###.
....#...
.##...#.
...##.#E
""".strip().splitlines()


def find(mark):
    return next((r, c) for r, row in enumerate(MAZE) for c, cell in enumerate(row) if cell == mark)


start, goal = find("S"), find("E")


def estimate(cell):
    return abs(cell[0] - goal[0]) + abs(cell[1] - goal[1])


queue, came, cost = [(estimate(start), start)], {start: None}, {start: 0}
while queue:
    _, cell = heapq.heappop(queue)
    if cell == goal:
        break
    for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        r, c = cell[0] + dr, cell[1] + dc
        if 0 <= r < len(MAZE) and 0 <= c < len(MAZE[0]) and MAZE[r][c] != "#":
            if cost[cell] + 1 < cost.get((r, c), 1e9):
                cost[r, c], came[r, c] = cost[cell] + 1, cell
                heapq.heappush(queue, (cost[r, c] + estimate((r, c)), (r, c)))

path, cell = set(), goal
while cell:
    path.add(cell)
    cell = came[cell]
print(cost[goal])
print("\n".join("".join("*" if (r, c) in path and ch == "." else ch for c, ch in enumerate(row)) for r, row in enumerate(MAZE)))
