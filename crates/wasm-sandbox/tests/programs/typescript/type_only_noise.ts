declare const injected: string | undefined;
declare module "nothing" { export function f(): void }
declare global { interface Array<T> { last?(): T } }
type A = typeof import("fs");
interface Empty {}
export type Brand<T, B extends string> = T & { readonly __brand: B };
type UserId = Brand<number, "UserId">;
const id = 5 as UserId;
let definite!: number;
definite = 3;
const fn = function (this: void, x: number, ...rest: Array<string>): asserts x is 5 {};
abstract class Base<in out T = unknown> { abstract get value(): T; protected readonly x?: T; static { console.log("static block"); } }
class Derived extends Base<string> { get value(): string { return "v"; } accessor = 1; }
const generic = async <T extends object>(x: T): Promise<keyof T> => Object.keys(x)[0] as keyof T;
console.log(id, definite, new Derived().value, typeof fn, await generic({ k: 1 }), typeof injected);
const x = <const T,>(v: T) => v;
for (const [k, v] of Object.entries({ a: 1 }) satisfies [string, number][]) console.log(k, v, x`t` === undefined);
