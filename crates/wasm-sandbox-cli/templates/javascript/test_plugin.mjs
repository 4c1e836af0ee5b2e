import assert from "node:assert";

import { summarize } from "./plugin.mjs";

const summary = summarize({ title: "motto", text: "trust nobody" });
assert.deepStrictEqual(summary, { title: "motto", words: 2, longest: "nobody" });
assert.deepStrictEqual(summarize({ title: "nothing", text: " \n" }), { title: "nothing", words: 0, longest: "" });
console.log("ok");
