// exit 1
console.log("start");
async function load() { throw new Error("nobody catches this"); }
load();
setTimeout(() => console.log("never"), 50);
