console.log(await tools.echo({ x: [1, "é"] }));
const both = await Promise.all([tools.echo({ n: 1 }), tools.echo({ n: 2 })]);
console.log(both);
try { await tools.fail({}); } catch (e) { console.log(e instanceof Error, e.name, e.message); }
