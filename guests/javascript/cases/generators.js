function* fib() { let [a, b] = [0, 1]; for (;;) { yield a; [a, b] = [b, a + b]; } }
console.log(fib().take(10).toArray(), [...fib().filter((x) => x % 2).take(3)]);
