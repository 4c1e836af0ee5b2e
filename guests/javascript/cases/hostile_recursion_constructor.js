try {
    class A { constructor() { new A(); } }
    new A();
    console.log("finished");
} catch (error) {
    console.log(error.name);
}
console.log("alive");
