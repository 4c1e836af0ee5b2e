function inner() { return new Error("deep").stack; }
function outer() { return inner(); }
console.log(outer().split("\n").map((line) => line.trim()).join("\n"));
