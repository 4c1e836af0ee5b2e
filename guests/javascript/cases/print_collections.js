console.log(new Map([["a", 1], ["b", { c: 2 }]]), new Set([1, "x"]), new Map(), new Set());
console.log([new Date(0)], /a+/gi, new Uint8Array([1, 2, 3]), new ArrayBuffer(2));
