console.log(new Proxy({ a: 1 }, { get: () => { throw new Error("asked"); } }));
