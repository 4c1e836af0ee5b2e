abstract class Employee {
  static #count = 0;
  protected constructor(public readonly name: string, protected salary: number) { Employee.#count += 1; }
  abstract role(): string;
  raise(percent: number): void { this.salary = Math.round(this.salary * (1 + percent / 100)); }
  toString(): string { return `${this.name} (${this.role()}): ${this.salary}`; }
  static get count(): number { return Employee.#count; }
}
class Engineer extends Employee {
  constructor(name: string, salary: number, private languages: string[] = []) { super(name, salary); }
  override role(): string { return `engineer of ${this.languages.join(", ")}`; }
}
class Manager extends Employee {
  reports: Employee[] = [];
  constructor(name: string) { super(name, 100); }
  role() { return "manager of " + this.reports.length; }
  add(...people: Employee[]): this { this.reports.push(...people); return this; }
}
const ada = new Engineer("Ada", 90, ["Rust", "TypeScript"]);
ada.raise(10);
console.log(`${ada}`, `${new Manager("Bob").add(ada)}`, Employee.count, ada instanceof Employee);
interface Comparable<T> { compareTo(other: T): number }
class Version implements Comparable<Version> {
  declare readonly parts: number[];
  constructor(text: string) { (this as { parts: number[] }).parts = text.split(".").map(Number); }
  compareTo(other: Version): number { return this.parts.map((p, i) => p - (other.parts[i] ?? 0)).find((d) => d !== 0) ?? 0; }
}
console.log(["1.10", "1.9", "1.2"].map((t) => new Version(t)).sort((a, b) => a.compareTo(b)).map((v) => v.parts.join(".")));
