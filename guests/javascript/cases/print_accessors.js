console.log({ get a() { return 1; }, set a(v) {}, get b() { return 1; }, set c(v) {}, [Symbol("k")]: 1, "a-b": 2 });
