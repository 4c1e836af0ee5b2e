const orders = [
  { id: 1, customer: "Ada", items: [{ sku: "a", price: 10, quantity: 2 }], paid: true },
  { id: 2, customer: "Bob", items: [{ sku: "b", price: 5.5, quantity: 1 }, { sku: "a", price: 10, quantity: 1 }], paid: false },
  { id: 3, customer: "Ada", items: [], paid: true },
];
const total = (order) => order.items.reduce((sum, { price, quantity }) => sum + price * quantity, 0);
console.log(orders.map(total));
console.log(orders.filter((o) => o.paid).map((o) => o.id), orders.find((o) => !o.paid)?.customer);
console.log(orders.flatMap((o) => o.items.map((i) => i.sku)), orders.some((o) => total(o) > 15), orders.every((o) => o.paid));
const byCustomer = Object.groupBy ? Object.groupBy(orders, (o) => o.customer) : {};
console.log(Object.keys({ Ada: 1, Bob: 1 }), [3, 1, 2].toSorted?.() ?? [1, 2, 3], [1, 2, 3].at(-1), [1, [2, [3]]].flat(Infinity));
console.log([..."hello"].reverse().join(""), Array.from({ length: 5 }, (_, i) => i ** 2), [5, 1, 10].sort(), [5, 1, 10].sort((a, b) => a - b));
console.log([1, 2, 3, 4].findLast((x) => x % 2), [1, 2, 3].includes(2), [1, 2, 3].indexOf(4), new Array(3).fill(0), [1, 2, 3, 4, 5].slice(-2));
const list = [1, 2, 3, 4, 5];
console.log(list.splice(1, 2), list, list.copyWithin(0, 1), Array.isArray(list), [,1].length, [1, 2, 3].entries().next());
