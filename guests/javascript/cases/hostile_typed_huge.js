try {
    new Uint8Array(3e9);
    console.log("finished");
} catch (error) {
    console.log(error.name);
}
console.log("alive");
