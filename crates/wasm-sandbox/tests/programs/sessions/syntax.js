// %%
let total = 1
// %%
total = total +
//! SyntaxError
// %%
for (const n of [1, 2, 3]) total += n;
total
//> 7
// %%
const total2 = total * 2, { a, ...rest } = { a: 1, b: 2 };
[total2, a, rest]
//> [ 14, 1, { b: 2 } ]
// %%
total2 = 5
//! TypeError
