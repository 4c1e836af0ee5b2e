// stdin 3\n10 20\n-5 7\n1 1\n
const fs = require("fs");
const [n, ...lines] = fs.readFileSync(0, "utf8").trim().split("\n");
for (let i = 0; i < Number(n); i++) {
  const [a, b] = lines[i].split(" ").map(Number);
  console.log(a + b);
}
