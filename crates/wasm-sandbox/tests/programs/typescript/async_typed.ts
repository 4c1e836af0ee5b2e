type Task<T> = () => Promise<T>;
const delay = <T>(ms: number, value: T): Promise<T> => new Promise<T>((resolve) => setTimeout(() => resolve(value), ms));
async function inSeries<T>(tasks: Task<T>[]): Promise<T[]> {
  const results: T[] = [];
  for (const task of tasks) results.push(await task());
  return results;
}
async function withTimeout<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => { timer = setTimeout(() => reject(new Error(`no answer in ${ms} ms`)), ms); });
  try { return await Promise.race([promise, timeout]); } finally { clearTimeout(timer); }
}
async function* pages(total: number): AsyncGenerator<number[], void, unknown> {
  for (let at = 0; at < total; at += 2) yield await delay(1, [at, at + 1].filter((n) => n < total));
}
(async (): Promise<void> => {
  console.log(await inSeries([() => delay(2, "a"), () => delay(1, "b")]));
  await withTimeout(delay(50, 1), 5).catch((error: unknown) => console.log(error instanceof Error ? error.message : error));
  console.log(await withTimeout(delay(1, "quick"), 50));
  for await (const page of pages(5)) console.log(page);
})();
