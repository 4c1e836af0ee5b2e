try {
    2n ** (2n ** 30n);
    console.log("finished");
} catch (error) {
    console.log(error.name);
}
console.log("alive");
