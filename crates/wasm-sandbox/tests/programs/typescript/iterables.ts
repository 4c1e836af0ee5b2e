class Range implements Iterable<number> {
  constructor(private start: number, private end: number, private step = 1) {}
  *[Symbol.iterator](): Iterator<number> { for (let n = this.start; this.step > 0 ? n < this.end : n > this.end; n += this.step) yield n; }
}
function* zip<A, B>(a: Iterable<A>, b: Iterable<B>): Generator<[A, B]> {
  const other = b[Symbol.iterator]();
  for (const x of a) { const { value, done } = other.next(); if (done) return; yield [x, value]; }
}
const chunk = <T>(items: T[], size: number): T[][] => Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
const groupBy = <T, K extends PropertyKey>(items: T[], key: (item: T) => K): Record<K, T[]> =>
  items.reduce((groups, item) => ((groups[key(item)] ??= []).push(item), groups), {} as Record<K, T[]>);
console.log([...new Range(0, 10, 3)], [...zip(new Range(1, 4), "abcd")], chunk([1, 2, 3, 4, 5], 2));
console.log(groupBy(["apple", "avocado", "bean"], (word) => word[0]), Math.max(...new Range(5, 0, -2)));
