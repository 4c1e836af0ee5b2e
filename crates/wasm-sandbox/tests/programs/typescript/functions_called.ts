// call mean [[1, 2, 6]] -> 3
// call greet ["Ada"] -> "hello, Ada"
// call greet ["Ada", true] -> "hello, Ada!"
// call summarize [[{"name": "a", "amount": 5}, {"name": "b", "amount": 7}]] -> {"total": 12, "names": ["a", "b"]}
// call later [3] -> 9
// call fails [1] -> ! RangeError
// call optional [] -> null
interface Entry { name: string; amount: number }
export function mean(values: number[]): number { return values.reduce((a, b) => a + b, 0) / values.length; }
export const greet = (name: string, loud = false): string => `hello, ${name}${loud ? "!" : ""}`;
export function summarize(entries: Entry[]): { total: number; names: string[] } {
  return { total: entries.reduce((sum, { amount }) => sum + amount, 0), names: entries.map((e) => e.name) };
}
export async function later(n: number): Promise<number> { await new Promise((r) => setTimeout(r, 1)); return n * n; }
export function fails(n: number): never { throw new RangeError(`no ${n}`); }
export function optional(x?: string): string | null { return x ?? null; }
