class Random {
  constructor(private state: number) {}
  next(): number { this.state = (this.state * 1103515245 + 12345) % 2147483648; return this.state / 2147483648; }
  pick<T>(items: readonly T[]): T { return items[Math.floor(this.next() * items.length)]; }
}
interface Customer { arrives: number; needs: number }
const random = new Random(42);
const customers: Customer[] = Array.from({ length: 50 }, (_, i) => ({ arrives: i * 2, needs: 1 + Math.floor(random.next() * 4) }));
let free = 0, waited = 0, longest = 0;
for (const { arrives, needs } of customers) {
  const begins = Math.max(free, arrives);
  waited += begins - arrives;
  longest = Math.max(longest, begins - arrives);
  free = begins + needs;
}
console.log({ average: waited / customers.length, longest, free }, random.pick(["x", "y", "z"] as const));
