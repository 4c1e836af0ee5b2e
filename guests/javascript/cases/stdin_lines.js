const { createInterface } = require("readline");
const lines = createInterface({ input: process.stdin, output: process.stdout });
lines.question("first? ", async (first) => {
    console.log(first);
    for await (const line of lines) console.log(`[${line}]`);
    console.log(lines.closed, process.stdin.isPaused());
});
