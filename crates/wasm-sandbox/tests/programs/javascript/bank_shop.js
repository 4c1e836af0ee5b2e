class Inventory {
  #stock = new Map();
  add(sku, count, price) { const known = this.#stock.get(sku); this.#stock.set(sku, { count: (known?.count ?? 0) + count, price: price ?? known?.price }); return this; }
  take(sku, count) { const item = this.#stock.get(sku); if (!item) throw new ReferenceError(`unknown ${sku}`); if (item.count < count) throw new RangeError(`only ${item.count} of ${sku}`); item.count -= count; return item.price * count; }
  get value() { return [...this.#stock.values()].reduce((sum, { count, price }) => sum + count * price, 0); }
  toJSON() { return Object.fromEntries(this.#stock); }
}
const shop = new Inventory().add("pen", 10, 1.5).add("book", 2, 12).add("pen", 5);
const cart = [["pen", 3], ["book", 3], ["cup", 1]];
let total = 0;
for (const [sku, count] of cart) { try { total += shop.take(sku, count); } catch ({ name, message }) { console.log(`${name}: ${message}`); } }
console.log(total.toFixed(2), shop.value, JSON.stringify(shop));
const discount = (tiers) => (amount) => amount * (1 - (tiers.find(([from]) => amount >= from)?.[1] ?? 0));
console.log([5, 50, 500].map(discount([[100, 0.2], [20, 0.1]])));
