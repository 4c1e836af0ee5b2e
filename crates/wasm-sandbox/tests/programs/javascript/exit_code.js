// exit 3
process.on("exit", (code) => console.log("leaving with", code));
setTimeout(() => console.log("never"), 1000);
console.log("working");
process.exit(3);
