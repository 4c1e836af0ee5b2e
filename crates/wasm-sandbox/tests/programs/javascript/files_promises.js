const { readFile, writeFile, mkdir, rm, readdir, stat, access } = require("fs/promises");
const fs = require("fs");
(async () => {
  await mkdir("/tmp/async", { recursive: true });
  await Promise.all([1, 2, 3].map((n) => writeFile(`/tmp/async/${n}.txt`, `file ${n}`)));
  const texts = await Promise.all((await readdir("/tmp/async")).sort().map((name) => readFile(`/tmp/async/${name}`, "utf8")));
  console.log(texts, (await stat("/tmp/async/1.txt")).size);
  await access("/tmp/async/9.txt").catch((e) => console.log(e.code));
  fs.readFile("/tmp/async/1.txt", "utf8", (error, text) => {
    console.log(error, text);
    fs.readFile("/tmp/async/none", (error) => console.log(error.code));
  });
  await new Promise((r) => setTimeout(r, 10));
  await rm("/tmp/async", { recursive: true });
})();
