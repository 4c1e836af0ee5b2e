try {
    const f = async () => { await f(); };
    await f();
    console.log("finished");
} catch (error) {
    console.log(error.name);
}
console.log("alive");
