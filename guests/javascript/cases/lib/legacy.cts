import fs = require("node:fs");
function double(value: number): number { return value * 2; }
export = { double, exists: typeof fs.readFileSync };
