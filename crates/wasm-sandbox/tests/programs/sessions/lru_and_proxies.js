// %%
class LRU {
  #max; #map = new Map();
  constructor(max) { this.#max = max }
  get(key) {
    if (!this.#map.has(key)) return undefined;
    const value = this.#map.get(key);
    this.#map.delete(key); this.#map.set(key, value);
    return value;
  }
  set(key, value) {
    this.#map.delete(key); this.#map.set(key, value);
    if (this.#map.size > this.#max) this.#map.delete(this.#map.keys().next().value);
    return this;
  }
  get keys() { return [...this.#map.keys()] }
}
const lru = new LRU(2).set("a", 1).set("b", 2);
lru.get("a"); lru.set("c", 3);
lru.keys
//> [ 'a', 'c' ]
// %%
function memoize(fn) {
  const cache = {};
  return function (...args) { const key = JSON.stringify(args); return cache[key] ??= fn.apply(this, args); };
}
let calls = 0;
const square = memoize((n) => { calls++; return n * n; });
[square(4), square(4), calls]
//> [ 16, 16, 1 ]
// %%
const seen = [];
const watched = new Proxy({ a: 1 }, { get(target, key, receiver) { seen.push(String(key)); return Reflect.get(target, key, receiver); }, has: () => true, set() { return false; } });
[watched.a, "zzz" in watched, watched.missing, seen.join()]
//> [ 1, true, undefined, 'a,missing' ]
// %%
watched.a = 2; watched.a
//> 1
// %%
const compose = (...fns) => (x) => fns.reduceRight((v, f) => f(v), x);
const curry = (fn) => function next(...args) { return args.length >= fn.length ? fn(...args) : (...more) => next(...args, ...more); };
[compose((x) => x + 1, (x) => x * 2)(5), curry((a, b, c) => a + b + c)(1)(2, 3)]
//> [ 11, 6 ]
// %%
const debounce = (fn, ms) => { let timer; return (...args) => { clearTimeout(timer); timer = setTimeout(fn, ms, ...args); }; };
const hits = [];
const hit = debounce((x) => hits.push(x), 5);
hit(1); hit(2); hit(3);
// %%
hits
//> [ 3 ]
// %%
const counter = (() => { let n = 0; return { next: () => ++n, reset() { n = 0 } } })();
counter.next(); counter.next(); counter.reset(); counter.next()
//> 1
// %%
function Old(name) { if (!(this instanceof Old)) return new Old(name); this.name = name }
Old.prototype.hi = function () { return "hi " + this.name };
Old("x").hi() + typeof Old("y")
//> 'hi xobject'
// %%
arguments
//! ReferenceError
