const values: number[] = await Promise.all([1, 2].map(async (n): Promise<number> => n * 10));
console.log(values);
const { promisify } = await import("util");
const wait = promisify(setTimeout);
await wait(1);
console.log("waited");
export {};
