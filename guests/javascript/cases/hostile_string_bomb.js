let kept = [];
try {
    for (;;) kept.push("x".repeat(1e6) + kept.length);
} catch (error) {
    kept = null;
    console.log(error.name);
}
console.log("alive");
