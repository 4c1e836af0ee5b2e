try {
    eval("`${".repeat(50000));
    console.log("finished");
} catch (error) {
    console.log(error.name);
}
console.log("alive");
