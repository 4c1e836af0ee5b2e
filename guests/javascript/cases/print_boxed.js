console.log(Object(1), Object("ab"), Object(true), Object.create(null), Object.assign(Object.create(null), { a: 1 }));
