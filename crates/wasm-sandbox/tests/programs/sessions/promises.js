// %%
const sleep = (ms, value) => new Promise((done) => setTimeout(done, ms, value));
await sleep(1, "waited")
//> 'waited'
// %%
const results = await Promise.all([1, 2, 3].map((n) => sleep(4 - n, n * n)));
results
//> [ 1, 4, 9 ]
// %%
await Promise.reject(new TypeError("bad"))
//! TypeError
// %%
class Queue {
  #items = [];
  push(x) { this.#items.push(x); return this; }
  get size() { return this.#items.length; }
}
const queue = new Queue().push(1).push(2);
queue.size
//> 2
// %%
console.log("size is", queue.size); undefined
//> size is 2
