const quick = ([pivot, ...rest]) => pivot === undefined ? [] : [...quick(rest.filter((x) => x < pivot)), pivot, ...quick(rest.filter((x) => x >= pivot))];
function merge(items) {
  if (items.length < 2) return items;
  const middle = items.length >> 1, left = merge(items.slice(0, middle)), right = merge(items.slice(middle)), out = [];
  while (left.length && right.length) out.push(left[0] <= right[0] ? left.shift() : right.shift());
  return out.concat(left, right);
}
function heap(items) {
  const a = [...items];
  const sift = (i, n) => { for (let c; (c = 2 * i + 1) < n; i = c) { if (c + 1 < n && a[c] < a[c + 1]) c++; if (a[i] >= a[c]) return; [a[i], a[c]] = [a[c], a[i]]; } };
  for (let i = a.length >> 1; i >= 0; i--) sift(i, a.length);
  for (let n = a.length - 1; n > 0; n--) { [a[0], a[n]] = [a[n], a[0]]; sift(0, n); }
  return a;
}
let seed = 7;
const data = Array.from({ length: 800 }, () => (seed = (seed * 16807) % 2147483647) % 1000);
const expected = [...data].sort((a, b) => a - b).join();
console.log([quick, merge, heap].map((sort) => `${sort.name} ${sort(data).join() === expected}`), Math.min(...data) >= 0);
const people = [{ n: "b", a: 2 }, { n: "a", a: 2 }, { n: "c", a: 1 }];
console.log(people.sort((x, y) => x.a - y.a || x.n.localeCompare(y.n)).map((p) => p.n).join(""));
