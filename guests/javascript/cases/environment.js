console.log(process.env.GREETING, process.env.MISSING, process.platform, process.cwd());
process.env.NEW = 5;
console.log(process.env.NEW, typeof process.version);
