console.log(Promise.resolve(1), new Promise(() => {}), Promise.resolve({ a: [1] }));
