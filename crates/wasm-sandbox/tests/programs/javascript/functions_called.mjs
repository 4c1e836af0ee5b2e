// call mean [[1, 2, 6]] -> 3
// call greet ["Ada"] -> "hello, Ada"
// call later [4] -> {"doubled": 8}
// call count_words ["the cat the dog"] -> {"the": 2, "cat": 1, "dog": 1}
// call fails [] -> ! TypeError
// call nothing [] -> null
// call nested [{"a": {"b": [1, {"c": null}]}}] -> 3
export const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
export function greet(name, punctuation = "") { return `hello, ${name}${punctuation}`; }
export async function later(n) { await new Promise((done) => setTimeout(done, 1)); return { doubled: n * 2 }; }
export function count_words(text) { return text.split(" ").reduce((all, word) => ({ ...all, [word]: (all[word] ?? 0) + 1 }), {}); }
export function fails() { return null.x; }
export function nothing() {}
export function nested(value) { const depth = (v) => (v && typeof v === "object" ? 1 + Math.max(0, ...Object.values(v).map(depth)) : 0); return depth(value) - 1; }
