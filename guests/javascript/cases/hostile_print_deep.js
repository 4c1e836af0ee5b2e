try {
    let a = [];
    for (let i = 0; i < 100000; i++) a = [a];
    console.log(a);
    require("util").inspect(a, { depth: null });
    console.log("finished");
} catch (error) {
    console.log(error.name);
}
console.log("alive");
