function depth(n) { try { return depth(n + 1); } catch (e) { return e instanceof RangeError ? n : -1; } }
console.log(depth(0) > 500);
const sumTo = (n) => (n === 0 ? 0 : n + sumTo(n - 1));
console.log(sumTo(500));
const trampoline = (f) => (...args) => { let r = f(...args); while (typeof r === "function") r = r(); return r; };
console.log(trampoline(function sum(n, acc = 0) { return n ? () => sum(n - 1, acc + n) : acc; })(50000));
const hanoi = (n, a = "A", b = "B", c = "C") => (n ? hanoi(n - 1, a, c, b) + 1 + hanoi(n - 1, c, b, a) : 0);
const ackermann = (m, n) => (m === 0 ? n + 1 : n === 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1)));
console.log(hanoi(10), ackermann(2, 3), [1, [2, [3, [4]]]].flat(Infinity).length);
