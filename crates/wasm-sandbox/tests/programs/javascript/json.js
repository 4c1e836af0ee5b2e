const data = { name: "Ada", tags: ["x", null, undefined, () => 1], nested: { when: new Date(0), big: 1e21, nan: NaN, skip: undefined }, "ключ": "☕\n" };
console.log(JSON.stringify(data));
console.log(JSON.stringify(data, ["name", "nested", "big"], 2));
console.log(JSON.stringify({ a: 1n.toString(), b: new Map([[1, 2]]), c: new Set([1]) }), JSON.stringify([new Number(3), "a\u2028b", -0]));
const revived = JSON.parse('{"when":"2024-01-01T00:00:00.000Z","n":[1,2,{"x":1.5e3}]}', (key, value) => (key === "when" ? new Date(value) : value));
console.log(revived.when.getUTCFullYear(), revived.n[2].x, JSON.parse(' "x" '), JSON.stringify("\ud800"));
for (const text of ["{a: 1}", "[1,]", "", '{"a": 1', "nul"]) {
  try { JSON.parse(text); console.log("parsed"); } catch (e) { console.log(e.name, e instanceof SyntaxError); }
}
const loop = {};
loop.self = loop;
try { JSON.stringify(loop); } catch (e) { console.log(e.name); }
try { JSON.stringify(1n); } catch (e) { console.log(e.name); }
console.log(loop, structuredClone({ d: new Date(0), m: new Map([[1, { a: [1] }]]) }));
const deepEqual = (a, b) => a === b || (typeof a === "object" && a && b && Object.keys(a).length === Object.keys(b).length && Object.keys(a).every((k) => deepEqual(a[k], b[k])));
console.log(deepEqual({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }), deepEqual({ a: 1 }, { a: 2 }));
