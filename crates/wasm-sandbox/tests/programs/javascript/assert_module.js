const assert = require("assert");
assert(true); assert.ok(1); assert.equal(1, "1"); assert.strictEqual("a", "a"); assert.deepStrictEqual({ a: [1, new Map([[1, 2]])] }, { a: [1, new Map([[1, 2]])] });
assert.notStrictEqual(1, 2); assert.throws(() => { throw new TypeError("bad"); }, TypeError); assert.throws(() => { throw new Error("bad input"); }, /input/); assert.doesNotThrow(() => {}); assert.match("abc", /b/);
for (const act of [() => assert.strictEqual(1, 2, "numbers differ"), () => assert(false, "falsy"), () => assert.throws(() => {}), () => assert.fail("stop"), () => assert.deepEqual([1], [2], "lists")]) {
  try { act(); } catch (e) { console.log(e.name, e.code, e.message.split("\n")[0]); }
}
assert.rejects(Promise.reject(new RangeError("r")), RangeError).then(() => console.log("rejected as expected"));
let passed = 0;
function test(name, body) { try { body(); passed++; console.log(`ok - ${name}`); } catch (e) { console.log(`not ok - ${name}: ${e.message}`); } }
test("adds", () => assert.strictEqual(1 + 1, 2));
test("fails", () => assert.ok([].length, "empty"));
console.log(`${passed} passed`);
