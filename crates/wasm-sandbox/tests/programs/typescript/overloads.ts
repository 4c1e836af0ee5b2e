function format(value: number): string;
function format(value: Date, pattern: "date" | "time"): string;
function format(value: number | Date, pattern?: string): string {
  if (typeof value === "number") return value.toFixed(2);
  return pattern === "date" ? value.toISOString().slice(0, 10) : value.toISOString().slice(11, 19);
}
console.log(format(3.14159), format(new Date(0), "date"), format(new Date(0), "time"));
class Builder {
  private parts: string[] = [];
  where(condition: string): this;
  where(field: string, value: string | number): this;
  where(first: string, value?: string | number): this {
    this.parts.push(value === undefined ? first : `${first} = ${typeof value === "string" ? `'${value}'` : value}`);
    return this;
  }
  build(this: Builder): string { return `SELECT * WHERE ${this.parts.join(" AND ")}`; }
}
console.log(new Builder().where("a > 1").where("name", "Ada").where("n", 2).build());
