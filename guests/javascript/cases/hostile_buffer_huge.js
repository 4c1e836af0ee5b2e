try {
    new ArrayBuffer(8e9);
    console.log("finished");
} catch (error) {
    console.log(error.name);
}
console.log("alive");
