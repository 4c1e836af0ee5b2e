// args build --out dist -w src/a.js
const { parseArgs } = require("util");
const { values, positionals } = parseArgs({ allowPositionals: true, options: { out: { type: "string", short: "o" }, watch: { type: "boolean", short: "w" } } });
console.log({ ...values }, positionals);
