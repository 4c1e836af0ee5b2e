async function fails() { await null; throw new RangeError("inner"); }
try { await fails(); } catch (error) { console.log(error.name, error.message, error instanceof RangeError); }
console.log(await Promise.allSettled([fails(), 1]).then((all) => all.map((one) => one.status)));
