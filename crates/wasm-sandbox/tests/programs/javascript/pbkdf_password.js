const { pbkdf2Sync, randomBytes, timingSafeEqual, createHmac } = require("crypto");
const hash = (password, salt = randomBytes(16)) => `${salt.toString("hex")}:${pbkdf2Sync(password, salt, 1000, 32, "sha256").toString("hex")}`;
const verify = (password, stored) => { const [salt, key] = stored.split(":").map((part) => Buffer.from(part, "hex")); return timingSafeEqual(key, pbkdf2Sync(password, salt, 1000, 32, "sha256")); };
const stored = hash("secret");
console.log(verify("secret", stored), verify("wrong", stored), stored.length, pbkdf2Sync("p", "s", 2, 24, "sha512").toString("hex"));
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const sign = (payload, key) => { const body = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(payload)}`; return `${body}.${createHmac("sha256", key).update(body).digest("base64url")}`; };
console.log(sign({ sub: "1234567890", name: "John Doe", iat: 1516239022 }, "your-256-bit-secret"));
