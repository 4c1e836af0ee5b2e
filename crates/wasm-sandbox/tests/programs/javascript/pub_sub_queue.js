class AsyncQueue {
  #items = []; #waiting = [];
  push(item) { const waiter = this.#waiting.shift(); waiter ? waiter(item) : this.#items.push(item); }
  pop() { return this.#items.length ? Promise.resolve(this.#items.shift()) : new Promise((resolve) => this.#waiting.push(resolve)); }
}
const queue = new AsyncQueue();
async function consumer(name) { const got = []; for (let item; (item = await queue.pop()) !== null; ) got.push(item); return `${name}:${got.length > 0}`; }
(async () => {
  const consumers = Promise.all([consumer("a"), consumer("b")]);
  for (let i = 0; i < 6; i++) { queue.push(i); await new Promise((r) => setTimeout(r, 1)); }
  queue.push(null); queue.push(null);
  console.log(await consumers);
})();
class Mutex { #last = Promise.resolve(); run(task) { const result = this.#last.then(task); this.#last = result.catch(() => {}); return result; } }
const mutex = new Mutex();
let value = 0;
Promise.all([1, 2, 3].map((n) => mutex.run(async () => { const before = value; await new Promise((r) => setTimeout(r, 1)); value = before + n; }))).then(() => console.log("value", value));
