const rows = [
  { region: "north", product: "apple", units: 10 },
  { region: "south", product: "apple", units: 15 },
  { region: "north", product: "pear", units: 7 },
  { region: "north", product: "apple", units: 3 },
];
const pivot = rows.reduce((table, { region, product, units }) => {
  ((table[region] ??= {})[product] ??= []).push(units);
  return table;
}, {});
console.log(pivot);
console.log(JSON.stringify(pivot, null, 2));
const sums = Object.fromEntries(Object.entries(pivot).map(([region, products]) => [region, Object.values(products).flat().reduce((a, b) => a + b)]));
console.log(sums);
console.table(rows);
