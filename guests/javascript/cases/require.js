const fs = require("fs");
const path = require("node:path");
const { EventEmitter } = require("events");
const assert = require("assert");
assert.deepStrictEqual({ a: [1] }, { a: [1] });
assert.throws(() => assert.strictEqual(1, 2), { code: "ERR_ASSERTION" });
console.log(typeof fs.readFileSync, path.join("/a", "../b", "c.txt"), path.extname("x.tar.gz"), typeof EventEmitter, require.main === module, __filename);
try { require("left-pad"); } catch (e) { console.log(e.code); }
module.exports = { done: true };
