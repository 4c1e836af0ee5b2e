try {
    (function f() { [2, 1].sort(f); })();
    console.log("finished");
} catch (error) {
    console.log(error.name);
}
console.log("alive");
