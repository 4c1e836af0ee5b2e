const puzzle = "530070000600195000098000060800060003400803001700020006060000280000419005000080079";
function solve(board) {
  const at = board.indexOf("0");
  if (at < 0) return board;
  const row = Math.floor(at / 9), column = at % 9;
  const used = new Set([...board].filter((_, i) => Math.floor(i / 9) === row || i % 9 === column || (Math.floor(i / 27) === Math.floor(at / 27) && Math.floor((i % 9) / 3) === Math.floor(column / 3))));
  for (const digit of "123456789") {
    if (used.has(digit)) continue;
    const found = solve(board.slice(0, at) + digit + board.slice(at + 1));
    if (found) return found;
  }
  return null;
}
console.log(solve(puzzle).match(/.{9}/g).join("\n"));
