type Matrix = readonly (readonly number[])[];
const multiply = (a: Matrix, b: Matrix): Matrix => a.map((row) => b[0].map((_, j) => row.reduce((sum, x, k) => sum + x * b[k][j], 0)));
const identity = (n: number): Matrix => Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => Number(i === j)));
const power = (m: Matrix, n: number): Matrix => (n === 0 ? identity(m.length) : n % 2 ? multiply(m, power(m, n - 1)) : power(multiply(m, m), n / 2));
console.log(power([[1, 1], [1, 0]], 30)[0][1], multiply([[1, 2], [3, 4]], identity(2)));
const transpose = <T>(m: T[][]): T[][] => m[0].map((_, i) => m.map((row) => row[i]));
console.log(transpose([[1, 2, 3], [4, 5, 6]]), transpose([["a"], ["b"]]));
