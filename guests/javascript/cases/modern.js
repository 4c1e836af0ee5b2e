class P { #v = 1; static #n = 0; static { P.#n++; } get v() { return this.#v; } has(o) { return #v in o; } }
const p = new P();
console.log(p.v, p.has(p), p?.missing?.deep ?? "default", 2 ** 10, 1_000, [3, 1, 2].toSorted(), [1, 2, 3].at(-1), Object.groupBy([1, 2, 3], (x) => (x % 2 ? "odd" : "even")));
let x = null; x ??= 5; const { a, ...rest } = { a: 1, b: 2, c: 3 };
console.log(x, rest, `${1 + 1}`, "abc".replaceAll("b", "-"), [..."👍a"], /(?<y>\d{4})-(?<m>\d\d)/u.exec("2024-05").groups.y, new Set([1, 2]).union(new Set([3])));
label: for (const i of [1, 2]) { for (const j of [1, 2]) { if (j === 2) continue label; console.log(i, j); } }
console.log([1, [2, [3]]].flat(Infinity), Object.fromEntries([["k", 1]]), Number("0x1f"), parseInt("12px"), 0.1 + 0.2, 9007199254740993n * 2n);
