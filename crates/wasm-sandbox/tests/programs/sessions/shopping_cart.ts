// %%
interface Product { readonly id: number; name: string; price: number; tags?: string[] }
type Line = { product: Product; quantity: number };
type Discount = { kind: "percent"; value: number } | { kind: "fixed"; value: number };

class Cart {
  private lines: Map<number, Line> = new Map();
  constructor(private readonly currency: "EUR" | "USD" = "EUR") {}
  add(product: Product, quantity = 1): this {
    const line = this.lines.get(product.id);
    if (line) line.quantity += quantity;
    else this.lines.set(product.id, { product, quantity });
    return this;
  }
  total(...discounts: Discount[]): number {
    const sum = [...this.lines.values()].reduce((acc, { product, quantity }) => acc + product.price * quantity, 0);
    return discounts.reduce((acc, d) => d.kind === "percent" ? acc * (1 - d.value / 100) : acc - d.value, sum);
  }
  format(): string { return `${this.total().toFixed(2)} ${this.currency}`; }
}
// %%
const pen: Product = { id: 1, name: "pen", price: 1.5 };
const book = { id: 2, name: "book", price: 20, tags: ["paper"] } satisfies Product;
const cart = new Cart().add(pen, 4).add(book).add(pen);
cart.format()
//> '27.50 EUR'
// %%
cart.total({ kind: "percent", value: 10 }, { kind: "fixed", value: 0.75 })
//> 24
// %%
function assertNever(x: never): never { throw new Error(`unexpected ${JSON.stringify(x)}`); }
const describe = (d: Discount): string => {
  switch (d.kind) {
    case "percent": return `${d.value}%`;
    case "fixed": return `-${d.value}`;
    default: return assertNever(d);
  }
};
describe({ kind: "free" } as unknown as Discount)
//! Error
// %%
describe({ kind: "percent", value: 5 })
//> '5%'
// %%
const tags: readonly string[] | undefined = (pen as Product).tags;
tags?.length ?? "no tags"
//> 'no tags'
// %%
const cart = new Cart("USD").add({ ...book, price: 5 });
cart
//> Cart {
//> currency: 'USD',
//> lines: Map(1) { 2 => { product: [Object], quantity: 1 } }
//> }
