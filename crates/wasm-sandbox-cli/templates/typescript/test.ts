import assert from "node:assert";

import { count } from "./words.ts";

assert.strictEqual(count("trust nobody"), 2);
assert.strictEqual(count(" \n"), 0);
console.log("ok");
