type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
function walk(value: Json, visit: (path: string, leaf: Json) => void, path = "$"): void {
  if (Array.isArray(value)) value.forEach((item, i) => walk(item, visit, `${path}[${i}]`));
  else if (value !== null && typeof value === "object") for (const [key, item] of Object.entries(value)) walk(item, visit, `${path}.${key}`);
  else visit(path, value);
}
const data: Json = JSON.parse('{"a": [1, {"b": null}], "c": "x", "d": {"e": true}}');
const flat: Record<string, Json> = {};
walk(data, (path, leaf) => (flat[path] = leaf));
console.log(flat);
const diff = (a: Json, b: Json, path = "$"): string[] => {
  if (typeof a !== "object" || typeof b !== "object" || !a || !b) return a === b ? [] : [`${path}: ${JSON.stringify(a)} -> ${JSON.stringify(b)}`];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].flatMap((key) => diff((a as any)[key] ?? null, (b as any)[key] ?? null, `${path}.${key}`));
};
console.log(diff({ x: 1, y: [1, 2] }, { x: 2, y: [1, 3], z: null }));
