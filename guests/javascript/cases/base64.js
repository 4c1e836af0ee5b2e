console.log(btoa("hello"), atob("aGVsbG8="));
console.log(Buffer.from("héllo").toString("base64"), Buffer.from("aGk", "base64").toString(), Buffer.from("ff00", "hex"), Buffer.concat([Buffer.from("a"), Buffer.from("b")]).toString());
try { atob("*"); } catch (e) { console.log(e.name); }
