type Shape =
  | { kind: "circle"; radius: number }
  | { kind: "rectangle"; width: number; height: number }
  | { kind: "triangle"; base: number; height: number };
const area = (shape: Shape): number => {
  switch (shape.kind) {
    case "circle": return Math.PI * shape.radius ** 2;
    case "rectangle": return shape.width * shape.height;
    case "triangle": return (shape.base * shape.height) / 2;
  }
};
const shapes: Shape[] = [{ kind: "circle", radius: 1 }, { kind: "rectangle", width: 2, height: 3 }, { kind: "triangle", base: 4, height: 5 }];
for (const shape of shapes) console.log(`${shape.kind.padEnd(10)}${area(shape).toFixed(2)}`);
type Result<T, E = Error> = { ok: true; value: T } | { ok: false; error: E };
function parse(text: string): Result<number, string> {
  const value = Number(text);
  return Number.isNaN(value) ? { ok: false, error: `not a number: ${text}` } : { ok: true, value };
}
for (const text of ["42", "x"]) {
  const result = parse(text);
  console.log(result.ok ? result.value : result.error);
}
