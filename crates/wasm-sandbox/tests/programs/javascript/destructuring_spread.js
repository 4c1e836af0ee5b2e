const { a, b: { c = 5, ...others } = {}, ...rest } = { a: 1, b: { d: 2, e: 3 }, f: 4 };
console.log(a, c, others, rest);
const [x, , y = 10, [z] = [7]] = [1, 2];
console.log(x, y, z);
const merge = (...objects) => objects.reduce((all, o) => ({ ...all, ...o }), {});
console.log(merge({ a: 1, b: 1 }, { b: 2 }, null), [...[1, 2], ..."ab"], Math.max(...[1, 5, 3]));
function configure({ host = "localhost", port = 80, tls: { on = false } = {} } = {}) { return `${host}:${port}:${on}`; }
console.log(configure(), configure({ port: 1, tls: { on: true } }));
let p = 1, q = 2;
[p, q] = [q, p];
console.log(p, q, ((...args) => args.length)(1, 2, 3), (function () { return arguments.length; })(1, 2));
const user = { profile: { address: null }, greet() { return `hi ${this?.name}`; }, name: "Ada" };
console.log(user?.profile?.address?.street, user.missing?.(), user.greet(), user["na" + "me"], (0 || "or"), (0 ?? "nullish"), (null)?.x);
const key = "dynamic";
const o = { [key]: 1, [`${key}2`]: 2, get computed() { return this[key] + 1; }, set computed(v) { this[key] = v; }, async *gen() {} };
o.computed = 41;
o.count ||= 5; o.count &&= 6; o.none ??= 7;
console.log(o, Object.keys(o).length, delete o.none, "none" in o, Object.entries({ q: 1 }), Object.assign({}, { w: 1 }));
const frozen = Object.freeze({ v: 1 });
try { "use strict"; frozen.v = 2; } catch (e) { console.log(e.name); }
console.log(frozen.v, Object.isFrozen(frozen), Object.getOwnPropertyNames(class { static s() {} }).sort());
label: for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) { if (j === 1) continue label; if (i === 2) break label; console.log(i, j); }
switch (typeof p) { case "number": console.log("num"); case "string": console.log("fall"); break; default: console.log("no"); }
