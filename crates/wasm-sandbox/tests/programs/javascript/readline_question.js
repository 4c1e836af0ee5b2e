// stdin Ada\n
const readline = require("readline").createInterface({ input: process.stdin, output: process.stdout });
readline.question("name? ", (name) => {
  console.log(`\nhello ${name}`);
  readline.close();
});
