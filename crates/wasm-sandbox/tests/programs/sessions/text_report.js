// %%
const fs = require("fs");
const path = require("path");
fs.mkdirSync("reports/2024", { recursive: true });
for (const [name, text] of Object.entries({ a: "alpha beta", b: "beta gamma beta" })) {
  fs.writeFileSync(path.join("reports/2024", `${name}.txt`), text);
}
fs.readdirSync("reports", { recursive: true }).sort()
//> [ '2024', '2024/a.txt', '2024/b.txt' ]
// %%
const words = {};
for (const file of fs.readdirSync("reports/2024")) {
  for (const word of fs.readFileSync(`reports/2024/${file}`, "utf-8").split(/\s+/)) words[word] = (words[word] || 0) + 1;
}
words
//> { alpha: 1, beta: 3, gamma: 1 }
// %%
import fs from "fs";
import { readFile, writeFile, stat } from "fs/promises";
await writeFile("reports/summary.json", JSON.stringify(words, null, 2));
(await stat("reports/summary.json")).size
//> 43
// %%
(await readFile("reports/summary.json", "utf8")).split("\n")[1].trim()
//> '"alpha": 1,'
// %%
fs.readFileSync("reports/gone.json")
//! Error
// %%
try { await readFile("reports/gone.json") } catch ({ code, message }) { [code, message] }
//> [
//> 'ENOENT',
//> "ENOENT: no such file or directory, open 'reports/gone.json'"
//> ]
// %%
fs.appendFileSync("reports/2024/a.txt", "\nmore");
const { size, mtime } = fs.statSync("reports/2024/a.txt");
[size, mtime instanceof Date, fs.existsSync("reports/2024/z.txt"), path.extname("x.tar.gz"), path.resolve("a/../b")]
//> [ 15, true, false, '.gz', '/tmp/b' ]
// %%
import readline from "node:readline";
const counted = [];
for await (const line of readline.createInterface({ input: fs.createReadStream("reports/2024/a.txt") })) counted.push(line.length);
counted
//> [ 10, 4 ]
// %%
fs.rmSync("reports", { recursive: true });
fs.existsSync("reports")
//> false
