const sieve = (limit) => { const composite = new Uint8Array(limit + 1), primes = []; for (let n = 2; n <= limit; n++) { if (composite[n]) continue; primes.push(n); for (let m = n * n; m <= limit; m += n) composite[m] = 1; } return primes; };
const primes = sieve(200000);
console.log(primes.length, primes.slice(-3), primes.reduce((a, b) => a + b));
const factor = (n) => { const out = []; for (const p of primes) { if (p * p > n) break; while (n % p === 0) { out.push(p); n /= p; } } if (n > 1) out.push(n); return out; };
const gcd = (a, b) => (b ? gcd(b, a % b) : a);
const modPow = (b, e, m) => { let r = 1n; for (b %= m; e; e >>= 1n, b = (b * b) % m) if (e & 1n) r = (r * b) % m; return r; };
console.log(factor(600851475143), gcd(1071, 462), modPow(3n, 200n, 1000007n), [..."1234567890"].reduce((s, d) => s + +d, 0));
const collatz = (n, steps = 0) => (n === 1 ? steps : collatz(n % 2 ? 3 * n + 1 : n / 2, steps + 1));
console.log(collatz(27), Array.from({ length: 15 }, (_, i) => ((i + 1) % 15 ? ((i + 1) % 5 ? ((i + 1) % 3 ? i + 1 : "Fizz") : "Buzz") : "FizzBuzz")).join(" "));
