// %%
import fs from "fs";
fs.writeFileSync("/tmp/helper.js", "export let n = 1; export default (x) => x * 2; export const timer = setInterval(() => {}, 1000);");
fs.writeFileSync("/tmp/shape.ts", "export interface Shape { size: number }\nexport const area = (s: Shape): number => s.size ** 2;");
fs.writeFileSync("/tmp/common.js", "module.exports = { one: 1, two() { return 2 } }");
fs.writeFileSync("/tmp/d.json", '{"k": 1}');
fs.writeFileSync("/tmp/never.mjs", 'await new Promise(() => {})');
fs.writeFileSync("/tmp/bad.mjs", 'export const a = 1;\nexport const b = = 2;');
fs.writeFileSync("/tmp/throws.mjs", '\nthrow new RangeError("inside")');
process.cwd()
//> '/tmp'
// %%
import twice, { n, timer } from "./helper.js";
clearInterval(timer);
twice(n + 1)
//> 4
// %%
import { area } from "./shape";
area({ size: 3 })
//> 9
// %%
import common from "./common.js";
[common.two(), common.one]
//> [ 2, 1 ]
// %%
import d from "./d.json" with { type: "json" };
d.k
//> 1
// %%
import "./never.mjs"
//! Error
// %%
import * as ns from "./throws.mjs"
//! RangeError
// %%
import * as ns from "./bad.mjs"
//! SyntaxError
// %%
fs.writeFileSync("/tmp/bad.mjs", 'export const b = 2;');
// %%
import * as ns from "./bad.mjs"
ns.b
//> 2
// %%
fs.writeFileSync("/tmp/bad.mjs", 'export const b = 3;');
const again = await import("./bad.mjs?v=2");
again.b
//> 3
// %%
import { one as uno, two } from "/tmp/common.js";
uno + two()
//> 3
// %%
import * as all from "./common";
Object.keys(all).sort().join()
//> 'default,one,two'
// %%
uno
//> 1
// %%
import fs2 from "fs/promises"; import { readFile } from "node:fs/promises";
await fs2.readFile === readFile
//> true
// %%
import { late } from "./late.mjs"
//! Error
// %%
fs.writeFileSync("/tmp/late.mjs", 'export const late = 3;');
// %%
import { late } from "./late.mjs"
late
//> 3
// %%
import assert from "node:assert/strict";
assert.deepEqual({ a: 1 }, { a: 1 });
// %%
import EventEmitter, { once } from "events";
class Bus extends EventEmitter {}
new Bus().listenerCount("x")
//> 0
// %%
import _ from "lodash";
//! Error
// %%
import { sum } from "./missing/sum.js"
//! Error
