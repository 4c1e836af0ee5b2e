// stdin banana\napple\n\ncherry
const readline = require("readline");
const lines = [];
const reader = readline.createInterface({ input: process.stdin, terminal: false });
reader.on("line", (line) => lines.push(line));
reader.on("close", () => console.log(lines.filter(Boolean).sort(), lines.length));
