import type { Stats } from "node:fs";
interface Point { readonly x: number; y?: number }
type Id = string | number;
declare const missing: string;
declare function nowhere(x: number): void;

const point: Point = { x: 1 };
const ids = ["a", 2] as const satisfies readonly Id[];
const same = <T,>(value: T): T => value;
const wrap = async <T extends object>(value: T): Promise<T[]> => [value!];
function over(value: string): string;
function over(value: number): number;
function over(value: any): any { return value; }
function isText(value: unknown): value is string { return typeof value === "string"; }
function check(value: unknown): asserts value is number { if (typeof value !== "number") throw new TypeError("no number"); }
function tagged(this: { name: string }, ...rest: Array<number>): string { return this.name + rest.length; }
let late!: number;
late = 3;
const record: Record<string, Map<number, string[]>> = {};
const smaller = point.x < 2 && 3 > (late as number);

console.log(point, ids, same<number>(4), await wrap({ a: 1 }), over("x"), isText("x"), late, record, smaller);
check(5);
console.log(tagged.call({ name: "n" }, 1, 2), typeof missing, (<any>point).z?.w ?? "none");
for (const [key, value] of Object.entries({ a: 1 } as { [k: string]: number })) console.log(`${key}=${value as number}`);
label: while (true) { break label; }
