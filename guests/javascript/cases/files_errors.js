import fs from "fs";
for (const act of [() => fs.readFileSync("/work/none.txt"), () => fs.mkdirSync("/work"), () => fs.readFileSync("/work"), () => fs.rmdirSync("/work/none"), () => fs.writeFileSync("/work/no/such", "")]) {
    try { act(); console.log("worked"); } catch (e) { console.log(e.code, e.syscall, e.path); }
}
const promised = await fs.promises.readFile("/work/none.txt").catch((e) => e.message);
console.log(promised);
fs.readFile("/work/none.txt", "utf8", (error, text) => console.log(error.code, text));
