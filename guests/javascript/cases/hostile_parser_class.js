try {
    eval("class A extends (".repeat(20000));
    console.log("finished");
} catch (error) {
    console.log(error.name);
}
console.log("alive");
