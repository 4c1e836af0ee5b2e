let kept = [];
try {
    for (;;) kept.push({ a: 1 });
} catch (error) {
    kept = null;
    console.log(error.name);
}
console.log("alive");
