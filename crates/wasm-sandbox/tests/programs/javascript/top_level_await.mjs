import { readFile, writeFile } from "fs/promises";
import path from "node:path";
await writeFile("/tmp/data.txt", "a,b\n1,2\n");
const [header, ...rows] = (await readFile("/tmp/data.txt", "utf8")).trim().split("\n").map((line) => line.split(","));
console.log(header, rows, path.extname("/tmp/data.txt"), import.meta.url.endsWith("top_level_await.mjs") || typeof import.meta.url);
const module = await import("node:os");
console.log(typeof module.EOL, this === undefined);
for await (const n of [Promise.resolve(1), 2]) console.log(n);
export const answer = 42;
