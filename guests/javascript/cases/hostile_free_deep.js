try {
    let a = {};
    for (let i = 0; i < 300000; i++) a = { a };
    a = null;
    console.log("finished");
} catch (error) {
    console.log(error.name);
}
console.log("alive");
