// %%
const items = [{ name: "a", price: 3 }, { name: "b", price: null }, { name: "c" }];
const total = items.map((item) => item.price.toFixed(2));
total
//! TypeError
// %%
const items = [{ name: "a", price: 3 }, { name: "b", price: null }, { name: "c" }];
const total = items.map((item) => (item.price ?? 0).toFixed(2));
total
//> [ '3.00', '0.00', '0.00' ]
// %%
let cache = new Map();
const slow = (n) => { if (n < 2) return n; return slow(n - 1) + slow(n - 2); };
slow(15)
//> 610
// %%
const slow = (n) => {
  if (n < 2) return BigInt(n);
  if (!cache.has(n)) cache.set(n, slow(n - 1) + slow(n - 2));
  return cache.get(n);
};
slow(100)
//> 354224848179261915075n
// %%
const average = (list) => list.reduce((a, b) => a + b) / list.length
average([])
//! TypeError
// %%
const average = (list) => list.length ? list.reduce((a, b) => a + b) / list.length : NaN
average([])
//> NaN
// %%
for (const item of items { console.log(item) }
//! SyntaxError
// %%
for (const { name, price = "none" } of items) console.log(name, price)
//> a 3
//> b null
//> c none
// %%
unknownFunction(items)
//! ReferenceError
// %%
function unknownFunction(list) { return list.length }
unknownFunction(items)
//> 3
// %%
"use strict"; undeclared = 1
//! ReferenceError
// %%
undeclared = 1; delete globalThis.undeclared
//> true
