// %%
import { setTimeout as delay } from "node:timers/promises";
const log = [];
async function job(id, ms, fail = false) {
  log.push(`start ${id}`);
  await delay(ms);
  if (fail) throw new Error(`job ${id} failed`);
  log.push(`end ${id}`);
  return id * 10;
}
await job(0, 1)
//> 0
// %%
async function pool(tasks, limit) {
  const results = new Array(tasks.length);
  let next = 0;
  const worker = async () => {
    while (next < tasks.length) {
      const at = next++;
      results[at] = await tasks[at]();
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}
log.length = 0;
await pool([() => job(1, 400), () => job(2, 5), () => job(3, 1)], 2)
//> [ 10, 20, 30 ]
// %%
log
//> [ 'start 1', 'start 2', 'end 2', 'start 3', 'end 3', 'end 1' ]
// %%
await Promise.all([job(4, 1), job(5, 2, true)])
//! Error
// %%
const settled = await Promise.allSettled([job(6, 2), job(7, 1, true)]);
settled.map((one) => one.status + ":" + (one.value ?? one.reason.message))
//> [ 'fulfilled:60', 'rejected:job 7 failed' ]
// %%
async function retry(action, attempts) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action(attempt);
    } catch (error) {
      if (attempt === attempts) throw new Error(`gave up after ${attempts}`, { cause: error });
      await delay(1);
    }
  }
}
await retry(async (n) => { if (n < 3) throw new Error("flaky"); return `ok on ${n}` }, 5)
//> 'ok on 3'
// %%
await retry(() => job(8, 1, true), 2).catch((error) => [error.message, error.cause.message])
//> [ 'gave up after 2', 'job 8 failed' ]
// %%
await Promise.race([job(9, 5000), delay(5, "timeout")]).then((winner) => { process.exitCode = 0; return winner })
//> 'timeout'
// %%
async function* numbers(n) { for (let i = 0; i < n; i++) { await delay(1); yield i; } }
let sum = 0;
for await (const n of numbers(5)) sum += n;
sum
//> 10
// %%
await Array.fromAsync(numbers(3), (n) => n * n)
//> [ 0, 1, 4 ]
