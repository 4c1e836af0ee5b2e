const controller = new AbortController();
controller.signal.addEventListener("abort", (event) => console.log(event.type, controller.signal.reason.name));
controller.abort();
controller.abort("again");
console.log(controller.signal.aborted, AbortSignal.abort("why").reason);
try { AbortSignal.abort().throwIfAborted(); } catch (e) { console.log(e.name, e.message); }
const any = AbortSignal.any([controller.signal]);
console.log(any.aborted);
