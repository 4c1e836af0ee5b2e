import { double } from "./lib/math.js";
import data from "./lib/data.json";
import * as all from "./lib/math.js";
const { default: named } = await import("./lib/math.js");
console.log(double(21), data.list, Object.keys(all), named(), import.meta.url, import.meta.filename);
