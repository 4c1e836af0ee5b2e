const original = { date: new Date(0), list: [1, { two: 2 }], map: new Map([["k", new Set([1])]]), re: /x/g, bytes: new Uint8Array([1, 2]), error: new TypeError("t") };
original.self = original;
const copy = structuredClone(original);
copy.list[1].two = 3;
copy.map.get("k").add(2);
console.log(original.list[1].two, original.map.get("k").size, copy.self === copy, copy.date instanceof Date, copy.re.flags, copy.bytes, copy.error.name);
try { structuredClone(() => 1); } catch (e) { console.log(e.name); }
const deepFreeze = (o) => { Object.values(o).forEach((v) => typeof v === "object" && v !== null && !Object.isFrozen(v) && deepFreeze(v)); return Object.freeze(o); };
const frozen = deepFreeze({ a: { b: [1] } });
frozen.a.b[0] = 9;
console.log(frozen.a.b, Object.isFrozen(frozen.a));
const merge = (a, b) => Object.entries(b).reduce((all, [k, v]) => ({ ...all, [k]: v && typeof v === "object" && !Array.isArray(v) ? merge(all[k] ?? {}, v) : v }), a);
console.log(merge({ a: { x: 1, y: { z: 1 } }, l: [1] }, { a: { y: { w: 2 } }, l: [2] }));
const get = (o, path, fallback) => path.split(/[.[\]]+/).filter(Boolean).reduce((v, k) => v?.[k], o) ?? fallback;
console.log(get({ a: [{ b: 5 }] }, "a[0].b"), get({}, "a.b.c", "none"));
