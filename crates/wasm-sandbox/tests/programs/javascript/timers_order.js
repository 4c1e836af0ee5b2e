const log = [];
setTimeout(() => log.push("t40"), 40);
setTimeout(() => log.push("t0"), 0);
setTimeout((a, b) => log.push(a + b), 20, "x", "y");
const cancelled = setTimeout(() => log.push("never"), 1);
clearTimeout(cancelled);
let n = 0;
const twice = new Promise((done) => {
  const interval = setInterval(() => { log.push(`i${++n}`); if (n === 2) { clearInterval(interval); done(); } }, 27);
});
(async () => {
  log.push("async start");
  await null;
  log.push("after await");
  await new Promise((r) => setTimeout(r, 100));
  await twice;
  console.log(log);
  const { setTimeout: wait } = require("timers/promises");
  console.log(await wait(1, "value"));
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 1);
  await wait(1000, null, { signal: controller.signal }).catch((e) => console.log(e.name));
})();
log.push("sync");
