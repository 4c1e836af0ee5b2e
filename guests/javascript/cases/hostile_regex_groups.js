try {
    new RegExp("(?:".repeat(100000) + ")".repeat(100000));
    console.log("finished");
} catch (error) {
    console.log(error.name);
}
console.log("alive");
