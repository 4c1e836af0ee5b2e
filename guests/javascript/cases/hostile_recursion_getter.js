try {
    const o = { get x() { return this.x; } };
    o.x;
    console.log("finished");
} catch (error) {
    console.log(error.name);
}
console.log("alive");
