// %%
import fs, { writeFileSync as write } from "fs";
import * as path from "path";
import "util";
write("kept.txt", "kept");
path.join("a", "b")
//> 'a/b'
// %%
fs.readFileSync("kept.txt", "utf8")
//> 'kept'
// %%
import {
  basename,
  dirname,
} from "path";
export const here = basename("/x/y");
export function twice(n) { return 2 * n; }
new Error("x").stack.includes(":7:") && dirname("/x/y") + here
//> '/xy'
// %%
twice(21)
//> 42
// %%
import { gone } from "./nowhere.js";
//! Error
// %%
import { from nothing
//! SyntaxError
