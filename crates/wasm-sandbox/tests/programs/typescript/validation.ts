type Schema<T> = { [K in keyof T]: (value: unknown) => value is T[K] };
const isString = (v: unknown): v is string => typeof v === "string";
const isNumber = (v: unknown): v is number => typeof v === "number" && Number.isFinite(v);
const optional = <T>(check: (v: unknown) => v is T) => (v: unknown): v is T | undefined => v === undefined || check(v);
const listOf = <T>(check: (v: unknown) => v is T) => (v: unknown): v is T[] => Array.isArray(v) && v.every(check);
interface Person { name: string; age?: number; tags: string[] }
const person: Schema<Required<Person>> | Schema<Person> = { name: isString, age: optional(isNumber), tags: listOf(isString) } as Schema<Person>;
function validate<T>(schema: Schema<T>, data: unknown): string[] {
  const record = data as Record<string, unknown>;
  return (Object.keys(schema) as (keyof T & string)[]).filter((key) => !schema[key](record[key])).map((key) => `${key} is wrong`);
}
for (const data of [{ name: "Ada", tags: [] }, { name: 5, tags: "x" }, { name: "B", age: NaN, tags: ["a", 1] }]) console.log(validate(person as Schema<Person>, data));
