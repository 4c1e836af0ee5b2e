// %%
interface Shape { kind: "circle" | "square"; size: number }
const area = (shape: Shape): number => shape.kind === "circle" ? Math.round(Math.PI * shape.size ** 2) : shape.size ** 2;
area({ kind: "square", size: 3 })
//> 9
// %%
enum Level { Low = 1, High = 10 }
Level[10] as string
//> 'High'
// %%
(undefined as unknown as Shape).size
//! TypeError
// %%
const shapes: Shape[] = [{ kind: "circle", size: 1 }, { kind: "square", size: 2 }];
shapes.map(area)
//> [ 3, 4 ]
