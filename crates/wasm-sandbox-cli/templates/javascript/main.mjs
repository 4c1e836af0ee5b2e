// Prints how many words its arguments have, or its input.
import { readFileSync } from "node:fs";

import { count } from "./words.mjs";

console.log(count(process.argv.slice(2).join(" ") || readFileSync(0, "utf8")));
