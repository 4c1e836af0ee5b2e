console.log([1, "a", null, undefined, true, 1n, Symbol("s")], { a: 1, "b-c": [1, [2, [3, [4]]]], f() {}, g: () => 1, h: class X {} });
console.log(new Error("shown").message, [new Date(0)], { d: new Date(NaN) }, /x/gi, [/y/], new Map([["k", { v: 1 }]]), new Set(["s"]), new WeakMap());
console.log([undefined, , 3], Array(5), [..."abcdefghijklmnopqrstuvwxyz"], Array.from({ length: 120 }, (_, i) => i));
console.log({ long: "x".repeat(100), list: Array.from({ length: 7 }, (_, i) => ({ id: i, name: `item ${i}` })) });
console.log("text", 5, -0, NaN, Infinity, "it's", ["it's", 'say "x"', "`b`"], { nested: { deep: { deeper: { deepest: 1 } } } });
console.log(function named() {}, class A extends Array {}, Symbol.iterator, Promise.resolve(5), new Promise(() => {}), (function* () {})(), new Proxy({ p: 1 }, {}));
console.log(Object.create(null), Object.create({ inherited: 1 }), new (class Foo { x = 1; #y = 2; })(), [new (class Bar {})()], { get a() { return 1; }, set b(v) {} }, new Uint8Array([1, 2]), new ArrayBuffer(2), Buffer.from("hi"));
console.log([["a", 1], ["b", 2]], [[]], {}, [{}], "", [""], [null], { undefined: undefined }, new Number(1), new String("s"), Object(1n), globalThis === global, process.argv.length);
