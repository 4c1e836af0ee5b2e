// %%
const text = `
import nothing from "nowhere"
`; with ({ q: 1 }) { q }
//> 1
// %%
if (true) { import fs from "fs" }
//! SyntaxError
// %%
import fs, * as all from "fs"; import { default as again } from "node:fs"
all.default === fs && fs === again
//> true
// %%
import crypto from "crypto"
crypto.createHash("md5").update("x").digest("hex").slice(0, 6)
//> '9dd4e4'
// %%
import { performance as p } from "perf_hooks"; p === performance
//> true
// %%
import { nope } from "fs"
//! SyntaxError
// %%
import {
  createServer
} from "http"
//! Error
// %%
import lodash from "lodash";
//! Error
// %%
export default { a: 1 }
//> { a: 1 }
// %%
let z = 1
export default [z]
//> [ 1 ]
// %%
export default async function named() { return 7 }
await named()
//> 7
// %%
export default function () { return 8 }
//> [Function (anonymous)]
// %%
export class Point { constructor(x) { this.x = x } }
export let origin = new Point(0), one = new Point(1);
export { z as default, named as other };
origin
//> Point { x: 0 }
// %%
one.x + z
//> 2
// %%
export * from "path";
export { join, nothere } from "path";
//! SyntaxError
// %%
export { join } from "path";
export * as paths from "path";
"ok"
//> 'ok'
// %%
first(); import { first } from "data:,nothing"
//! Error
// %%
second(); import { basename as second } from "path"
//! TypeError
// %%
second("/a/b.c"); import { "basename" as second } from "path"
//> 'b.c'
// %%
const path = "mine";
path
//> 'mine'
// %%
import path from "path"
path.sep
//> '/'
// %%
import assert from "node:assert/strict";
assert.deepEqual({ a: 1 }, { a: 1 });
assert.deepEqual({ a: 1 }, { a: 2 });
//! AssertionError
// %%
import EventEmitter, { once } from "events";
class Bus extends EventEmitter {}
new Bus().listenerCount("x")
//> 0
// %%
(await import("path")).basename("/a/b")
//> 'b'
