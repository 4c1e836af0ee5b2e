const p = new URLSearchParams({ a: "1", b: "x y" });
p.append("a", "2");
p.set("b", "z");
console.log(p.toString(), p.getAll("a"), [...p.keys()], p.has("q"), p.size);
p.sort();
p.delete("a");
console.log(`${p}`, new URLSearchParams("?q=%E2%82%AC&r=a+b").get("q"), p);
