from collections import Counter


def step(alive):
    neighbours = Counter((x + dx, y + dy) for x, y in alive for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy)
    return {cell for cell, count in neighbours.items() if count == 3 or (count == 2 and cell in alive)}


def show(alive, size=6):
    return "\n".join("".join("#" if (x, y) in alive else "." for x in range(size)) for y in range(size))


glider = {(1, 0), (2, 1), (0, 2), (1, 2), (2, 2)}
cells = glider
for generation in range(5):
    print(f"generation {generation}\n{show(cells)}\n")
    cells = step(cells)
for _ in range(95):
    cells = step(cells)
print(len(cells), min(cells))
