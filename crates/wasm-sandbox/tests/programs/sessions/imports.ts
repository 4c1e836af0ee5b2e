// %%
import type { Stats } from "fs";
import { join, type ParsedPath } from "path";
const parsed = (text: string): ParsedPath => require("path").parse(text);
parsed(join("a", "b.txt")).name
//> 'b'
// %%
export interface Point { x: number }
export const point: Point = { x: 1 };
point
//> { x: 1 }
