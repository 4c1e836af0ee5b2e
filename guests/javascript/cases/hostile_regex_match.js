try {
    console.log(/^(a|b|(c)*)*$/.test("abc".repeat(30000)));
    console.log("finished");
} catch (error) {
    console.log(error.name);
}
console.log("alive");
