process.stdout.write("no newline");
process.stdout.write("\n");
console.error("to stderr");
console.warn("too");
