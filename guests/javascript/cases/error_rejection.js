Promise.reject(new Error("nobody looked"));
setTimeout(() => console.log("not reached"), 10);
