const a = { name: "a" };
a.self = a;
a.list = [a];
console.log(a);
