try {
    const o = { toString() { return `${o}`; } };
    `${o}`;
    console.log("finished");
} catch (error) {
    console.log(error.name);
}
console.log("alive");
