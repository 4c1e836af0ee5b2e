process.on("exit", (code) => console.log("exit", code));
setTimeout(() => process.exit(3), 1);
setTimeout(() => console.log("not reached"), 50);
