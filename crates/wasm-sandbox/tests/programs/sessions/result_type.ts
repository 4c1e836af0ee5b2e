// %%
type Result<T, E = Error> = { ok: true; value: T } | { ok: false; error: E };
const ok = <T,>(value: T): Result<T, never> => ({ ok: true, value });
const err = <E,>(error: E): Result<never, E> => ({ ok: false, error });
function parseJson<T = unknown>(text: string): Result<T, SyntaxError> {
  try { return ok(JSON.parse(text) as T); } catch (error) { return err(error as SyntaxError); }
}
parseJson<{ a: number }>('{"a": 1}')
//> { ok: true, value: { a: 1 } }
// %%
const bad = parseJson("{oops");
bad.ok ? bad.value : bad.error.name
//> 'SyntaxError'
// %%
function unwrap<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw result.error;
  return result.value;
}
unwrap(bad)
//! SyntaxError
// %%
function mapResult<T, U, E>(r: Result<T, E>, f: (value: T) => U): Result<U, E> {
  return r.ok ? ok(f(r.value)) : r;
}
unwrap(mapResult(parseJson<number[]>("[1,2,3]"), (list) => list.reduce((a, b) => a + b, 0)))
//> 6
// %%
abstract class Shape {
  abstract area(): number;
  static total(shapes: Shape[]): number { return shapes.reduce((sum, shape) => sum + shape.area(), 0); }
}
class Rect extends Shape { constructor(public w: number, protected h: number) { super(); } override area() { return this.w * this.h; } }
class Circle extends Shape { constructor(readonly r: number) { super(); } area(): number { return Math.PI * this.r ** 2; } }
Shape.total([new Rect(2, 3), new Circle(1)]).toFixed(2)
//> '9.14'
// %%
const enum Direction { Up = "UP", Down = "DOWN" }
enum Flags { None = 0, A = 1 << 0, B = 1 << 1, Both = A | B }
[Direction.Up, Flags.Both, Flags[1]]
//> [ 'UP', 3, 'A' ]
// %%
let value: string | null = Math.random() > 2 ? null : "text";
value!.length
//> 4
// %%
const pick = <T extends object, K extends keyof T>(o: T, ...keys: K[]): Pick<T, K> => Object.fromEntries(keys.map((k) => [k, o[k]])) as Pick<T, K>;
pick({ a: 1, b: 2, c: 3 }, "a", "c")
//> { a: 1, c: 3 }
