const source = { date: new Date(5), map: new Map([[1, { a: [1] }]]), set: new Set([1]), bytes: new Uint8Array([1, 2]), re: /x/g, big: 1n, nothing: undefined };
source.self = source;
const copy = structuredClone(source);
console.log(copy !== source, copy.self === copy, copy.date.getTime(), copy.map.get(1).a, copy.set.has(1), copy.bytes, copy.re.flags, copy.big);
const error = structuredClone(new TypeError("bad"));
console.log(error instanceof TypeError, error.message);
try { structuredClone(() => {}); } catch (e) { console.log(e.name); }
