try {
    (function f() { "a".replace(/a/, f); })();
    console.log("finished");
} catch (error) {
    console.log(error.name);
}
console.log("alive");
