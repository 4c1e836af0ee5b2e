const EventEmitter = require("events");
class Store extends EventEmitter {
  state = {};
  set(key, value) { const old = this.state[key]; this.state[key] = value; this.emit("change", { key, old, value }); return this; }
}
const store = new Store();
store.on("change", ({ key, value }) => console.log("changed", key, value));
store.once("change", () => console.log("first only"));
store.prependListener("change", () => console.log("before"));
store.set("a", 1).set("a", 2);
console.log(store.listenerCount("change"), store.eventNames());
store.removeAllListeners();
try { store.emit("error", new Error("unhandled")); } catch (e) { console.log(e.message); }
const target = new EventTarget();
target.addEventListener("ping", (event) => console.log(event.type, event.detail ?? "none"), { once: true });
target.dispatchEvent(new Event("ping"));
target.dispatchEvent(new CustomEvent("ping", { detail: 1 }));
const controller = new AbortController();
controller.signal.addEventListener("abort", () => console.log("aborted", controller.signal.aborted));
controller.abort();
EventEmitter.once(store, "ready").then(([value]) => console.log("ready", value));
store.emit("ready", 5);
