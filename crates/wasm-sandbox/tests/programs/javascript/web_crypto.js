const data = new TextEncoder().encode("hello");
crypto.subtle.digest("SHA-256", data).then((hash) => console.log(Buffer.from(hash).toString("hex")));
console.log(crypto.getRandomValues(new Uint8Array(4)).length, crypto.randomUUID().split("-").length);
