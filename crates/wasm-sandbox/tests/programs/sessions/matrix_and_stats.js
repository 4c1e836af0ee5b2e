// %%
const multiply = (a, b) => a.map((row) => b[0].map((_, j) => row.reduce((sum, x, k) => sum + x * b[k][j], 0)));
const transpose = (m) => m[0].map((_, j) => m.map((row) => row[j]));
multiply([[1, 2], [3, 4]], [[0, 1], [1, 0]])
//> [ [ 2, 1 ], [ 4, 3 ] ]
// %%
transpose([[1, 2, 3], [4, 5, 6]])
//> [ [ 1, 4 ], [ 2, 5 ], [ 3, 6 ] ]
// %%
function determinant(m) {
  if (m.length === 1) return m[0][0];
  return m[0].reduce((sum, x, j) =>
    sum + (-1) ** j * x * determinant(m.slice(1).map((row) => row.filter((_, k) => k !== j))), 0);
}
determinant([[2, -3, 1], [2, 0, -1], [1, 4, 5]])
//> 49
// %%
const xs = [1, 2, 3, 4, 5], ys = [2.1, 3.9, 6.2, 7.8, 10.1];
const mean = (v) => v.reduce((a, b) => a + b, 0) / v.length;
const mx = mean(xs), my = mean(ys);
const slope = xs.reduce((s, x, i) => s + (x - mx) * (ys[i] - my), 0) / xs.reduce((s, x) => s + (x - mx) ** 2, 0);
[slope.toFixed(3), (my - slope * mx).toFixed(3)]
//> [ '1.990', '0.050' ]
// %%
const stdev = (v) => Math.sqrt(mean(v.map((x) => (x - mean(v)) ** 2)));
stdev(ys).toPrecision(5)
//> '2.8181'
// %%
0.1 + 0.2
//> 0.30000000000000004
// %%
const primes = []; for (let n = 2; primes.length < 10; n++) if (primes.every((p) => n % p)) primes.push(n);
primes
//> [
//> 2,  3,  5,  7, 11,
//> 13, 17, 19, 23, 29
//> ]
// %%
[(1234567.891).toLocaleString(), (0.256).toLocaleString("en-US", { style: "percent" }), new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" }).format(-12.5)]
//> [ '1,234,567.891', '26%', '-$12.50' ]
// %%
[parseInt("12px"), Number("12px"), +"0x1f", ~~-3.7, Math.round(-0.5), 7 % -3, (255).toString(2), (3.14159).toFixed(2)]
//> [ 12, NaN, 31, -3, -0, 1, '11111111', '3.14' ]
