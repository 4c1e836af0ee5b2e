import { EventEmitter, once } from "node:events";
const emitter = new EventEmitter();
emitter.on("a", (x) => console.log("on", x));
emitter.once("a", (x) => console.log("once", x));
console.log(emitter.emit("a", 1), emitter.emit("a", 2), emitter.emit("b"), emitter.listenerCount("a"));
setTimeout(() => emitter.emit("later", 5), 1);
console.log(await once(emitter, "later"));
try { emitter.emit("error", new Error("unheard")); } catch (e) { console.log(e.message); }
const target = new EventTarget();
target.addEventListener("x", (e) => { e.preventDefault(); console.log(e.detail, e.target === target); }, { once: true });
console.log(target.dispatchEvent(new CustomEvent("x", { detail: 3, cancelable: true })), target.dispatchEvent(new Event("x")));
