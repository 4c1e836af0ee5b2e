console.log(crypto.getRandomValues(new Uint8Array(8)).length, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()), crypto.randomUUID() !== crypto.randomUUID());
const seen = new Set(Array.from({ length: 100 }, Math.random));
console.log(seen.size, [...seen].every((x) => x >= 0 && x < 1));
try { crypto.getRandomValues(new Float64Array(1)); } catch (e) { console.log(e.name); }
