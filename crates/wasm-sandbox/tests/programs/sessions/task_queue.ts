// %%
import { EventEmitter } from "events";
import type { Readable } from "stream";

export interface Task<T> { id: number; priority: number; run: () => Promise<T> }
export class TaskQueue<T> extends EventEmitter {
  private queue: Task<T>[] = [];
  private running = 0;
  readonly results: Array<[number, T]> = [];
  constructor(private limit: number) { super(); }
  push(task: Task<T>): void {
    this.queue.push(task);
    this.queue.sort((a, b) => b.priority - a.priority);
  }
  async drain(): Promise<this["results"]> {
    const worker = async (): Promise<void> => {
      for (let task = this.queue.shift(); task; task = this.queue.shift()) {
        this.running++;
        try {
          this.results.push([task.id, await task.run()]);
        } catch (error: unknown) {
          this.emit("failed", task.id, (error as Error).message);
        } finally {
          this.running--;
        }
      }
    };
    await Promise.all(Array.from({ length: this.limit }, worker));
    return this.results;
  }
}
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
// %%
const queue = new TaskQueue<string>(1);
queue.push({ id: 1, priority: 1, run: async () => { await sleep(1); return "low"; } });
queue.push({ id: 2, priority: 9, run: async () => "high" });
queue.push({ id: 3, priority: 5, run: () => Promise.reject(new Error("broken")) });
queue.on("failed", (id: number, why: string) => console.log(`task ${id}: ${why}`));
await queue.drain()
//> task 3: broken
//> [ [ 2, 'high' ], [ 1, 'low' ] ]
// %%
import { EventEmitter } from "node:events";
queue instanceof EventEmitter
//> true
// %%
type Awaitable<T> = T | Promise<T>;
async function timeout<T>(promise: Awaitable<T>, ms: number): Promise<T> {
  return Promise.race([promise, sleep(ms).then<never>(() => { throw new Error(`timed out after ${ms} ms`); })]);
}
await timeout(sleep(300), 5)
//! Error
// %%
await timeout(Promise.resolve({ done: true } as const), 5)
//> { done: true }
// %%
async function* range(n: number): AsyncGenerator<number, void, undefined> { for (let i = 0; i < n; i++) yield i; }
const seen: number[] = [];
for await (const n of range(4)) if (n % 2) seen.push(n);
seen
//> [ 1, 3 ]
// %%
const results = await Promise.all(([1, 2] as const).map(async (n): Promise<[number, string]> => [n, String(n)]));
Object.fromEntries(results)
//> { '1': '1', '2': '2' }
