// stdin one\ntwo\nthree\n
const readline = require("node:readline");
(async () => {
  let n = 0;
  for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity })) console.log(++n, line.toUpperCase());
})();
