const sleep = (ms, value) => new Promise((resolve) => setTimeout(() => resolve(value), ms));
const fail = (ms, message) => new Promise((_, reject) => setTimeout(() => reject(new Error(message)), ms));

async function main() {
  console.log(await Promise.all([sleep(3, "a"), sleep(1, "b"), "c"]));
  console.log(await Promise.race([sleep(20, "slow"), sleep(1, "fast")]));
  const settled = await Promise.allSettled([sleep(1, 1), fail(1, "no")]);
  console.log(settled.map((s) => s.status + ":" + (s.value ?? s.reason.message)));
  try {
    await Promise.any([fail(1, "x"), fail(2, "y")]);
  } catch (error) {
    console.log(error.constructor.name, error.errors.map((e) => e.message));
  }
  await fail(1, "caught").catch((e) => console.log(e.message)).finally(() => console.log("finally"));
  const order = [];
  setTimeout(() => order.push("timeout"), 0);
  setImmediate(() => order.push("immediate"));
  queueMicrotask(() => order.push("microtask"));
  process.nextTick(() => order.push("tick"));
  Promise.resolve().then(() => order.push("then"));
  order.push("sync");
  await sleep(10);
  console.log(order.slice(0, 1), order.slice(1, 4).sort(), order.slice(4).sort());
  for await (const value of (async function* () { yield 1; await sleep(1); yield 2; })()) console.log(value);
  const { promise, resolve } = Promise.withResolvers?.() ?? (() => { let r; const p = new Promise((x) => (r = x)); return { promise: p, resolve: r }; })();
  setTimeout(resolve, 1, "later");
  console.log(await promise);
}

main().then(() => console.log("done"));
