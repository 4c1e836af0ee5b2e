// %%
const inventory = new Map([["apple", 3]]);
let log = [];
inventory.size
//> 1
// %%
function take(name, count) {
  const left = (inventory.get(name) ?? 0) - count;
  if (left < 0) throw new RangeError(`not enough ${name}`);
  inventory.set(name, left);
  log.push([name, count]);
  return left;
}
take("apple", 2)
//> 1
// %%
take("apple", 2)
//! RangeError
// %%
inventory
//> Map(1) { 'apple' => 1 }
// %%
missing.property
//! ReferenceError
// %%
({ log, total: log.reduce((sum, [, count]) => sum + count, 0) })
//> { log: [ [ 'apple', 2 ] ], total: 2 }
