let kept = [];
try {
    for (;;) kept.push(new Map([[1, kept]]));
} catch {
    // What is thrown may be `null`: there may have been no memory for an error.
    kept = null;
    console.log("caught");
}
console.log("alive");
