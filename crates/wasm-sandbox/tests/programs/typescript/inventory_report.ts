type Item = Readonly<{ sku: string; name: string; quantity: number; price: number; category: string }>;
const items: Item[] = [
  { sku: "A1", name: "Widget", quantity: 10, price: 2.5, category: "parts" },
  { sku: "B2", name: "Gadget", quantity: 0, price: 99.99, category: "devices" },
  { sku: "C3", name: "Gizmo", quantity: 3, price: 15, category: "devices" },
];
const money = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
const report = Object.entries(items.reduce<Record<string, Item[]>>((all, item) => ({ ...all, [item.category]: [...(all[item.category] ?? []), item] }), {}))
  .map(([category, list]) => ({ category, count: list.length, value: list.reduce((sum, { quantity, price }) => sum + quantity * price, 0) }))
  .sort((a, b) => b.value - a.value);
for (const { category, count, value } of report) console.log(`${category.padEnd(10)}|${String(count).padStart(4)}|${money.format(value).padStart(12)}`);
console.log(items.filter(({ quantity }) => !quantity).map(({ name }) => name), `${items.length} items`);
console.table(report);
