interface Cat { meow(): string }
interface Dog { bark(): string }
const isCat = (animal: Cat | Dog): animal is Cat => "meow" in animal;
const speak = (animal: Cat | Dog): string => (isCat(animal) ? animal.meow() : animal.bark());
console.log(speak({ meow: () => "meow" }), speak({ bark: () => "woof" }));
function assertString(value: unknown): asserts value is string {
  if (typeof value !== "string") throw new TypeError(`expected a string, got ${typeof value}`);
}
const inputs: unknown[] = ["text", 5, null, { a: 1 }];
for (const input of inputs) {
  try { assertString(input); console.log(input.toUpperCase()); } catch (error) { console.log((error as Error).message); }
}
const nonNull = <T>(value: T | null | undefined): value is T => value != null;
console.log([1, null, 2, undefined].filter(nonNull).reduce((a, b) => a + b, 0));
const value = JSON.parse('{"a": {"b": [1, 2]}}') as { a: { b: number[] } };
console.log(value.a.b.at(-1)!.toFixed(1), (<any>value).missing?.deep, value satisfies object);
