try {
    eval("new ".repeat(50000) + "X");
    console.log("finished");
} catch (error) {
    console.log(error.name);
}
console.log("alive");
