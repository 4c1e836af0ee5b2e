try {
    eval("-".repeat(100000) + "1");
    console.log("finished");
} catch (error) {
    console.log(error.name);
}
console.log("alive");
