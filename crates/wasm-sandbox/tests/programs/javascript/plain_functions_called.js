// call fibonacci [30] -> 832040
// call isPrime [97] -> true
// call stats [[4, 8, 15, 16, 23, 42]] -> {"min": 4, "max": 42, "mean": 18}
function fibonacci(n) { let [a, b] = [0, 1]; while (n-- > 0) [a, b] = [b, a + b]; return a; }
const isPrime = (n) => { for (let d = 2; d * d <= n; d++) if (n % d === 0) return false; return n > 1; };
function stats(xs) { return { min: Math.min(...xs), max: Math.max(...xs), mean: xs.reduce((a, b) => a + b) / xs.length }; }
