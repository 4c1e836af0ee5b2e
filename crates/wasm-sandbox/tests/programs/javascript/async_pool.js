async function pool(limit, tasks) {
  const results = [];
  let next = 0, active = 0, most = 0;
  async function worker() {
    while (next < tasks.length) {
      const index = next++;
      most = Math.max(most, ++active);
      results[index] = await tasks[index]();
      active--;
    }
  }
  await Promise.all(Array.from({ length: limit }, worker));
  return { results, most };
}

async function retry(action, times, delay = 1) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action(attempt);
    } catch (error) {
      if (attempt >= times) throw error;
      console.log(`attempt ${attempt} failed: ${error.message}`);
      await new Promise((r) => setTimeout(r, delay * 2 ** attempt));
    }
  }
}

(async () => {
  const tasks = Array.from({ length: 7 }, (_, i) => () => new Promise((r) => setTimeout(r, (7 - i) / 2, i * i)));
  console.log(await pool(3, tasks));
  console.log(await retry(async (n) => { if (n < 3) throw new Error(`n=${n}`); return "ok at " + n; }, 5));
  const timeout = (ms) => new Promise((_, reject) => setTimeout(reject, ms, new Error("timeout")));
  await Promise.race([new Promise(() => {}), timeout(5)]).catch((e) => console.log(e.message));
})();
