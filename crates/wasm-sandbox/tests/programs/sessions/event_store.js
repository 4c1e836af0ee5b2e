// %%
import EventEmitter from "node:events";
import { randomUUID } from "node:crypto";
export class Store extends EventEmitter {
  #items = new Map();
  add(item) {
    const id = item.id ?? randomUUID();
    this.#items.set(id, Object.freeze({ ...item, id }));
    this.emit("added", id);
    return id;
  }
  remove(id) {
    if (!this.#items.delete(id)) this.emit("error", new Error(`no item ${id}`));
    else this.emit("removed", id);
  }
  *[Symbol.iterator]() { yield* this.#items.values(); }
  get size() { return this.#items.size; }
}
export const store = new Store();
store.size
//> 0
// %%
store.on("added", (id) => console.log("added", id));
store.add({ id: "a", n: 1 });
store.add({ id: "b", n: 2 });
[...store].map(({ n }) => n)
//> added a
//> added b
//> [ 1, 2 ]
// %%
store.remove("zzz")
//! Error
// %%
store.once("error", (error) => console.log("handled:", error.message));
store.remove("zzz");
//> handled: no item zzz
// %%
const [first] = store;
first.n = 10;
first.n
//> 1
// %%
(() => { "use strict"; first.n = 10 })()
//! TypeError
// %%
setTimeout(() => store.add({ id: "late", n: 3 }), 1);
const { once } = await import("node:events");
const [id] = await once(store, "added");
id
//> added late
//> 'late'
// %%
store.removeAllListeners("added");
/^[0-9a-f]{8}-[0-9a-f]{4}-4/.test(store.add({ n: 4 })) && store.size
//> 4
