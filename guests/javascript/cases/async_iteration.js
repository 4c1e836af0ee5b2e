async function* count() { for (let i = 0; i < 3; i++) { await null; yield i; } }
for await (const i of count()) console.log(i);
console.log(await Promise.race([new Promise((r) => setTimeout(r, 50, "slow")), "fast"]), await Promise.any([Promise.reject(1), 2]));
