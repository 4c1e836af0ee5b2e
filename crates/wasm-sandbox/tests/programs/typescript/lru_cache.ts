class LruCache<K, V> {
  readonly #entries = new Map<K, V>();
  hits = 0;
  misses = 0;
  constructor(private capacity: number) {
    if (capacity < 1) throw new RangeError("capacity must be positive");
  }
  get(key: K): V | undefined {
    if (!this.#entries.has(key)) { this.misses++; return undefined; }
    const value = this.#entries.get(key)!;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    this.hits++;
    return value;
  }
  set(key: K, value: V): this {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.capacity) this.#entries.delete(this.#entries.keys().next().value as K);
    return this;
  }
  get keys(): K[] { return [...this.#entries.keys()]; }
}
const cache = new LruCache<string, number>(2).set("a", 1).set("b", 2);
cache.get("a");
cache.set("c", 3);
console.log(cache.keys, cache.get("b"), cache.hits, cache.misses);
try { new LruCache(0); } catch (e) { console.log((e as RangeError).message); }
