// %%
type Events = { login: [user: string]; logout: []; error: [code: number, message: string] };
class Bus<E extends Record<string, unknown[]>> {
  #handlers: { [K in keyof E]?: Array<(...args: E[K]) => void> } = {};
  on<K extends keyof E>(name: K, handler: (...args: E[K]) => void): () => void {
    (this.#handlers[name] ??= []).push(handler);
    return () => { this.#handlers[name] = this.#handlers[name]?.filter((h) => h !== handler); };
  }
  emit<K extends keyof E>(name: K, ...args: E[K]): number {
    const handlers = this.#handlers[name] ?? [];
    handlers.forEach((h) => h(...args));
    return handlers.length;
  }
}
const bus = new Bus<Events>();
const off = bus.on("login", (user) => console.log("hello", user));
bus.emit("login", "Zoë")
//> hello Zoë
//> 1
// %%
off(); bus.emit("login", "again")
//> 0
// %%
function isString(value: unknown): value is string { return typeof value === "string"; }
const mixed: unknown[] = ["a", 1, "b", null];
mixed.filter(isString).map((s) => s.toUpperCase())
//> [ 'A', 'B' ]
// %%
class Temperature {
  static readonly absoluteZero = -273.15;
  declare unit: string;
  constructor(private celsius: number) {
    if (celsius < Temperature.absoluteZero) throw new RangeError(`${celsius} is too cold`);
  }
  get fahrenheit(): number { return this.celsius * 9 / 5 + 32; }
  set fahrenheit(value: number) { this.celsius = (value - 32) * 5 / 9; }
}
const t = new Temperature(100);
t.fahrenheit = 50;
[t.fahrenheit, Object.keys(t)]
//> [ 50, [ 'celsius' ] ]
// %%
new Temperature(-300)
//! RangeError
// %%
namespace Geometry {
  export interface Point { x: number; y: number }
  export const origin: Point = { x: 0, y: 0 };
  export function distance(a: Point, b: Point = origin): number { return Math.hypot(a.x - b.x, a.y - b.y); }
}
Geometry.distance({ x: 3, y: 4 })
//> 5
// %%
namespace Geometry { export const unit = "cm"; export namespace Inner { export const two = 2; } }
[Geometry.unit, Geometry.Inner.two]
//> [ 'cm', 2 ]
// %%
let tuple: [string, number?, ...boolean[]] = ["a"];
tuple.push(1, true);
const [head, ...rest] = tuple;
({ head, rest } as { head: string; rest: unknown[] })
//> { head: 'a', rest: [ 1, true ] }
