console.log(Array.from({ length: 30 }, (_, i) => i * i));
console.log({ users: [{ name: "Alice", roles: ["admin", "user"], age: 30 }, { name: "Bob", roles: [], age: 41 }], total: 2, note: "a longer text to break the line" });
