// %%
[1, , undefined, null, -0, 1e21, 10n, "it's", 'a"b', Symbol("s"), /x/gi]
//> [
//> 1,         <1 empty item>,
//> undefined, null,
//> -0,        1e+21,
//> 10n,       "it's",
//> 'a"b',     Symbol(s),
//> /x/gi
//> ]
// %%
new Set([[1, 2], { a: new Map([["k", new Set()]]) }])
//> Set(2) { [ 1, 2 ], { a: Map(1) { 'k' => Set(0) {} } } }
// %%
({ f() {}, g: () => 1, h: class X extends Array {}, get i() { return 1 }, set i(v) {}, [Symbol.iterator]: 1 })
//> {
//> f: [Function: f],
//> g: [Function: g],
//> h: [class X extends Array],
//> i: [Getter/Setter],
//> [Symbol(Symbol.iterator)]: 1
//> }
// %%
Promise.resolve(1)
//> 1
// %%
[Promise.resolve(1), new Promise(() => {}), new WeakMap(), new Date(0), new Error("x").message]
//> [
//> Promise { 1 },
//> Promise { <pending> },
//> WeakMap { <items unknown> },
//> 1970-01-01T00:00:00.000Z,
//> 'x'
//> ]
// %%
Array.from({ length: 30 }, (_, i) => i)
//> [
//> 0,  1,  2,  3,  4,  5,  6,  7,  8,
//> 9, 10, 11, 12, 13, 14, 15, 16, 17,
//> 18, 19, 20, 21, 22, 23, 24, 25, 26,
//> 27, 28, 29
//> ]
// %%
({ a: { b: { c: { d: 1 } } } })
//> { a: { b: { c: [Object] } } }
// %%
Buffer.from("héllo")
//> <Buffer 68 c3 a9 6c 6c 6f>
// %%
new Uint8Array([1, 2, 3]).map((x) => x * 100)
//> Uint8Array(3) [ 100, 200, 44 ]
// %%
Object.create(null, { x: { value: 1, enumerable: true } })
//> [Object: null prototype] { x: 1 }
// %%
"multi\nline"
//> 'multi\nline'
// %%
console.log("%s is %d years and %i, %j %o", "Bob", 42.5, 42.9, { a: 1 }, [1], "extra")
//> Bob is 42.5 years and 42, {"a":1} [ 1, [length]: 1 ] extra
