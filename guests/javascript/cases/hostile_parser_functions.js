try {
    eval("function f(){".repeat(100000));
    console.log("finished");
} catch (error) {
    console.log(error.name);
}
console.log("alive");
