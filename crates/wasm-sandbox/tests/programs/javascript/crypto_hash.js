const crypto = require("crypto");
console.log(crypto.createHash("sha256").update("hello").update(" world").digest("hex"));
console.log(crypto.createHash("md5").update("hello").digest("hex"), crypto.createHash("sha1").update("hello").digest("base64"));
console.log(crypto.createHmac("sha256", "key").update("message").digest("hex"));
console.log(crypto.createHash("sha512").update(Buffer.from("x")).digest("hex").slice(0, 16));
console.log(crypto.randomBytes(8).length, crypto.randomUUID().length, crypto.randomInt(5) < 5, crypto.timingSafeEqual(Buffer.from("a"), Buffer.from("a")));
