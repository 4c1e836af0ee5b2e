function f() {
    throw new TypeError("broken");
}
f();
