const events = [];
class Observable {
  constructor(subscribe) { this.subscribe = subscribe; }
  static of(...values) { return new Observable((o) => { values.forEach((v) => o.next(v)); o.complete?.(); }); }
  pipe(...operators) { return operators.reduce((source, op) => op(source), this); }
}
const map = (f) => (source) => new Observable((o) => source.subscribe({ ...o, next: (v) => o.next(f(v)) }));
const filter = (f) => (source) => new Observable((o) => source.subscribe({ ...o, next: (v) => f(v) && o.next(v) }));
const take = (n) => (source) => new Observable((o) => { let left = n; source.subscribe({ next: (v) => left-- > 0 && o.next(v), complete: () => o.complete?.() }); });
Observable.of(1, 2, 3, 4, 5, 6).pipe(filter((x) => x % 2 === 0), map((x) => x * 10), take(2)).subscribe({ next: (v) => events.push(v), complete: () => events.push("done") });
console.log(events);
