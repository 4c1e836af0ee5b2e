try {
    eval("a=".repeat(50000) + "1");
    console.log("finished");
} catch (error) {
    console.log(error.name);
}
console.log("alive");
