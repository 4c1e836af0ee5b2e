// %%
import { readFileSync, writeFileSync, Stats } from "fs";
import path, { type ParsedPath } from "node:path";
writeFileSync("/tmp/geometry.ts", `export interface Shape { kind: "square"; size: number }
export type Sizes = Shape["size"][];
export const area = (shape: Shape): number => shape.size ** 2;
export default class Square implements Shape { kind = "square" as const; constructor(public size: number) {} }
`);
const size = (stats: Stats): number => stats.size;
size({ size: 3 } as Stats) + readFileSync("/tmp/geometry.ts", "utf8").length
//> 270
// %%
import Square, { area, Shape, Sizes } from "./geometry";
const shapes: Shape[] = [new Square(2), { kind: "square", size: 3 }];
shapes.map(area)
//> [ 4, 9 ]
// %%
const sizes: Sizes = shapes.map((shape) => shape.size);
sizes
//> [ 2, 3 ]
// %%
import geometry = require("./geometry");
//! Error
// %%
import os = require("os");
export { area as surface } from "./geometry.js";
export type { Shape };
// %%
os.EOL
//> '\n'
// %%
export enum Level { Low = 1, High }
export abstract class Base<T> { constructor(protected value: T) {} abstract show(): string; }
export default class Named extends Base<string> { show() { return this.value.toUpperCase() } }
new Named("x").show() + Level[Level.High]
//> 'XHigh'
// %%
export function over(value: string): string;
export function over(value: number): number;
export function over(value: any) { return value }
over(1)
//> 1
// %%
export namespace Units { export const cm = 0.01; }
export = Units.cm as number
//> 0.01
// %%
import { missing } from "./geometry"
missing
// %%
import type { Anything } from "nowhere";
import { type Nothing } from "./geometry";
let anything: Anything | undefined;
anything ?? "none"
//> 'none'
// %%
import * as geometry from "./geometry.ts"
new geometry.default(4).size
//> 4
// %%
export default { a: 1 as number }
//> { a: 1 }
