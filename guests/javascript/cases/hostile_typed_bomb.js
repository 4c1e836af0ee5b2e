let kept = [];
try {
    for (;;) kept.push(new Uint8Array(1e6).fill(1));
} catch (error) {
    kept = null;
    console.log(error.name);
}
console.log("alive");
