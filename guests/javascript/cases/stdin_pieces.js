import { readSync } from "fs";
const bytes = Buffer.alloc(3);
console.log(readSync(0, bytes), `${bytes}`);
for await (const piece of process.stdin.setEncoding("utf8")) console.log(JSON.stringify(piece));
console.log(process.stdin.readableEnded, readSync(0, bytes));
