type Fn<A, B> = (a: A) => B;
const compose = <A, B, C>(f: Fn<B, C>, g: Fn<A, B>): Fn<A, C> => (a) => f(g(a));
abstract class Option<T> {
  abstract map<U>(f: Fn<T, U>): Option<U>;
  abstract orElse(value: T): T;
  static of<T>(value: T | null | undefined): Option<T> { return value == null ? new None<T>() : new Some(value); }
}
class Some<T> extends Option<T> {
  constructor(private value: T) { super(); }
  map<U>(f: Fn<T, U>): Option<U> { return Option.of(f(this.value)); }
  orElse(): T { return this.value; }
}
class None<T> extends Option<T> {
  map<U>(): Option<U> { return new None<U>(); }
  orElse(value: T): T { return value; }
}
const lookup: Record<string, string> = { a: "b", b: "c" };
console.log(Option.of(lookup["a"]).map((k) => lookup[k]).orElse("?"), Option.of(lookup["c"]).map((k) => lookup[k]).orElse("?"));
console.log(compose((n: number) => `#${n}`, (s: string) => s.length)("four"));
const memoize = <A extends unknown[], R>(f: (...args: A) => R) => {
  const seen = new Map<string, R>();
  return (...args: A): R => { const key = JSON.stringify(args); if (!seen.has(key)) seen.set(key, f(...args)); return seen.get(key)!; };
};
let calls = 0;
const slow = memoize((a: number, b: number) => { calls++; return a * b; });
console.log(slow(2, 3), slow(2, 3), calls);
