try {
    (function again() { again(); })();
    console.log("finished");
} catch (error) {
    console.log(error.name);
}
console.log("alive");
