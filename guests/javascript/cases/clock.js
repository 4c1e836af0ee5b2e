const start = performance.now();
await new Promise((r) => setTimeout(r, 5));
console.log(performance.now() - start >= 4, Date.now() > 1.6e12, typeof process.hrtime.bigint(), new Date(0).toISOString(), new Date(2020, 0, 1).getTimezoneOffset());
