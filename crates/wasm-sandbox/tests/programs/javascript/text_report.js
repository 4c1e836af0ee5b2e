const sales = [["Q1", "north", 1200.5], ["Q1", "south", 900], ["Q2", "north", 1500.25], ["Q2", "south", 1100.75]];
const quarters = [...new Set(sales.map(([q]) => q))], regions = [...new Set(sales.map(([, r]) => r))];
const cell = (q, r) => sales.filter(([a, b]) => a === q && b === r).reduce((s, [, , v]) => s + v, 0);
const line = (label, values) => label.padEnd(8) + values.map((v) => (typeof v === "number" ? v.toFixed(2) : v).padStart(12)).join("");
console.log(line("", regions.concat("total")));
for (const q of quarters) { const row = regions.map((r) => cell(q, r)); console.log(line(q, [...row, row.reduce((a, b) => a + b)])); }
console.log("-".repeat(44));
console.log(line("total", [...regions.map((r) => quarters.reduce((s, q) => s + cell(q, r), 0)), sales.reduce((s, [, , v]) => s + v, 0)]));
console.log("%s sold %d units for %f (%i%%) %j %%", "Ada", 3, 4.5, 12.9, { a: 1 });
console.error("to stderr");
console.info("info"); console.debug("debug"); console.group("group"); console.log("inside\ntwo lines"); console.groupEnd(); console.count(); console.count("x"); console.dir({ a: { b: { c: { d: 1 } } } }, { depth: 0 }); console.assert(1 === 1, "never");
