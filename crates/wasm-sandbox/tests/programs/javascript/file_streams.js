const fs = require("fs");
const out = fs.createWriteStream("/tmp/stream.txt");
for (let i = 0; i < 5; i++) out.write(`line ${i}\n`);
out.end("last\n", () => {
  let size = 0;
  fs.createReadStream("/tmp/stream.txt", { encoding: "utf8" })
    .on("data", (chunk) => (size += chunk.length))
    .on("end", () => {
      console.log(size);
      const readline = require("readline");
      let n = 0;
      readline.createInterface({ input: fs.createReadStream("/tmp/stream.txt") }).on("line", () => n++).on("close", () => { console.log(n); fs.unlinkSync("/tmp/stream.txt"); });
    });
});
