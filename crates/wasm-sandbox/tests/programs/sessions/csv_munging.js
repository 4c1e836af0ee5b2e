// %%
import { readFileSync, writeFileSync } from "node:fs";

writeFileSync("sales.csv", `date,region,product,units,price
2024-01-03,North,"Widget, large",12,9.99
2024-01-03,South,Gadget,3,24.50
2024-01-17,North,Gadget,7,24.50
2024-02-01,East,"Say ""hi""",1,100
2024-02-11,South,"Widget, large",20,9.49
`);
// %%
function parseCsv(text) {
  const rows = [[]];
  let field = "", quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') { field += '"'; i++; }
      else if (c === '"') quoted = false;
      else field += c;
    } else if (c === '"') quoted = true;
    else if (c === ",") { rows.at(-1).push(field); field = ""; }
    else if (c === "\n") { rows.at(-1).push(field); field = ""; rows.push([]); }
    else field += c;
  }
  if (rows.at(-1).length === 0) rows.pop();
  const [header, ...body] = rows;
  return body.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i]])));
}
const sales = parseCsv(readFileSync("sales.csv", "utf8"));
sales.length
//> 5
// %%
sales[0]
//> {
//> date: '2024-01-03',
//> region: 'North',
//> product: 'Widget, large',
//> units: '12',
//> price: '9.99'
//> }
// %%
const sales = parseCsv(readFileSync("sales.csv", "utf8")).map((row) => ({
  ...row,
  units: Number(row.units),
  price: Number(row.price),
  date: new Date(row.date),
}));
sales[3].product
//> 'Say "hi"'
// %%
const revenueByRegion = sales.reduce((acc, { region, units, price }) => {
  acc[region] = (acc[region] ?? 0) + units * price;
  return acc;
}, {});
revenueByRegion
//> { North: 291.38, South: 263.3, East: 100 }
// %%
const byMonth = Map.groupBy(sales, (row) => row.date.toISOString().slice(0, 7));
for (const [month, rows] of byMonth) {
  console.log(month, rows.length, rows.reduce((s, r) => s + r.units, 0));
}
//> 2024-01 3 22
//> 2024-02 2 21
// %%
console.table(Object.entries(revenueByRegion).map(([region, revenue]) => ({ region, revenue: revenue.toFixed(2) })));
//> ┌─────────┬─────────┬──────────┐
//> │ (index) │ region  │ revenue  │
//> ├─────────┼─────────┼──────────┤
//> │ 0       │ 'North' │ '291.38' │
//> │ 1       │ 'South' │ '263.30' │
//> │ 2       │ 'East'  │ '100.00' │
//> └─────────┴─────────┴──────────┘
// %%
const top = sales.toSorted((a, b) => b.units * b.price - a.units * a.price).slice(0, 2);
top.map((row) => `${row.product}: $${(row.units * row.price).toLocaleString("en-US", { minimumFractionDigits: 2 })}`)
//> [ 'Widget, large: $189.80', 'Gadget: $171.50' ]
