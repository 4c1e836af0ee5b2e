import fs from "fs";
const text = fs.readFileSync(0, "utf8");
console.log(text.trim().split("\n").map(Number).reduce((a, b) => a + b, 0));
