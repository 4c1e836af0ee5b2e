const step = (grid) => grid.map((row, y) => row.map((cell, x) => {
  let n = 0;
  for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) if (dx || dy) n += grid[(y + dy + grid.length) % grid.length][(x + dx + row.length) % row.length];
  return n === 3 || (n === 2 && cell) ? 1 : 0;
}));
let grid = Array.from({ length: 6 }, () => Array(6).fill(0));
[[0, 1], [1, 2], [2, 0], [2, 1], [2, 2]].forEach(([y, x]) => (grid[y][x] = 1));
for (let i = 0; i < 3; i++) { console.log(grid.map((r) => r.map((c) => (c ? "#" : ".")).join("")).join("\n") + "\n"); grid = step(grid); }
