// exit 1
const tests = [];
const describe = (name, body) => { tests.push({ suite: name }); body(); };
const it = (name, body) => tests.push({ name, body });
const expect = (actual) => ({
  toBe: (expected) => { if (!Object.is(actual, expected)) throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`); },
  toEqual: (expected) => { if (JSON.stringify(actual) !== JSON.stringify(expected)) throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`); },
  toThrow: () => { try { actual(); } catch { return; } throw new Error("expected it to throw"); },
});
describe("math", () => {
  it("adds", () => expect(1 + 2).toBe(3));
  it("compares", async () => { await null; expect([1, { a: 2 }]).toEqual([1, { a: 2 }]); });
  it("is wrong", () => expect("a").toBe("b"));
  it("throws", () => expect(() => JSON.parse("{")).toThrow());
});
(async () => {
  let failed = 0;
  for (const { suite, name, body } of tests) {
    if (suite) { console.log(suite); continue; }
    try { await body(); console.log(`  ✓ ${name}`); } catch (error) { failed++; console.log(`  ✗ ${name}: ${error.message}`); }
  }
  console.log(`${failed} failed`);
  process.exit(failed ? 1 : 0);
})();
