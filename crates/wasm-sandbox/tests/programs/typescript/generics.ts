interface HasId { id: number }
class Repository<T extends HasId> {
  private items = new Map<number, T>();
  constructor(private readonly name: string) {}
  add(item: T): this { this.items.set(item.id, item); return this; }
  find(id: number): T | undefined { return this.items.get(id); }
  all(): readonly T[] { return [...this.items.values()]; }
  map<R>(transform: (item: T) => R): R[] { return this.all().map(transform); }
  get label(): string { return `${this.name}(${this.items.size})`; }
}
interface User extends HasId { name: string; email?: string }
const users = new Repository<User>("users").add({ id: 1, name: "Ada" }).add({ id: 2, name: "Bob", email: "b@x.org" });
console.log(users.label, users.find(1)?.name, users.find(9)?.name ?? "nobody", users.map((u) => u.email?.length ?? 0));
function pluck<T, K extends keyof T>(items: readonly T[], key: K): T[K][] { return items.map((item) => item[key]); }
console.log(pluck(users.all(), "name"));
const first = <T,>(list: T[]): T | undefined => list[0];
console.log(first<string>(["x"]), first([]));
