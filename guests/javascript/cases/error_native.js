function outer() {
    return [1].map(() => JSON.parse("{"));
}
try {
    outer();
} catch (error) {
    console.log(error.stack.split("\n").slice(1).map((line) => line.trim().replace(/:\d+\)?$/, "")));
}
