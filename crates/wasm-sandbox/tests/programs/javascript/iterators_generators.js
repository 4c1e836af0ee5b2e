class Tree {
  constructor(value, left, right) { Object.assign(this, { value, left, right }); }
  *[Symbol.iterator]() {
    if (this.left) yield* this.left;
    yield this.value;
    if (this.right) yield* this.right;
  }
}
const tree = new Tree(4, new Tree(2, new Tree(1), new Tree(3)), new Tree(6));
console.log([...tree], Math.max(...tree));
function* fibonacci() { let [a, b] = [0, 1]; for (;;) { yield a; [a, b] = [b, a + b]; } }
function* take(n, iterable) { for (const x of iterable) { if (n-- <= 0) return; yield x; } }
console.log([...take(10, fibonacci())]);
function* conversation() {
  const name = yield "name?";
  try { yield `hi ${name}`; } catch (e) { yield `caught ${e}`; } finally { console.log("clean up"); }
  return "end";
}
const talk = conversation();
console.log(talk.next().value, talk.next("Ada").value, talk.throw("oops").value, talk.next());
const range = { from: 1, to: 4, [Symbol.iterator]() { let n = this.from; return { next: () => (n <= this.to ? { value: n++, done: false } : { value: undefined, done: true }), return() { console.log("closed"); return {}; } }; } };
for (const n of range) if (n === 2) break;
const [first, ...rest] = range;
console.log(first, rest, new Map(Object.entries({ a: 1 })), Object.fromEntries(new Map([["x", 1]])));
console.log([..."a1b2".matchAll(/[a-z](\d)/g)].map((m) => m[1]), [...new Set([3, 3, 1])], [...[7, 8].keys()]);
