process.exitCode = 4;
console.log("still runs");
