import util, { promisify } from "util";
const later = promisify((x, done) => setTimeout(done, 1, null, x * 2));
console.log(await later(21), util.inspect({ a: { b: { c: {} } } }, { depth: 0 }), util.format("%s-%s", 1), util.types.isMap(new Map()), util.isDeepStrictEqual(new Set([1]), new Set([1])));
