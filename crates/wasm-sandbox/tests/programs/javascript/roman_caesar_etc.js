const roman = (n) => [[1000, "M"], [900, "CM"], [500, "D"], [400, "CD"], [100, "C"], [90, "XC"], [50, "L"], [40, "XL"], [10, "X"], [9, "IX"], [5, "V"], [4, "IV"], [1, "I"]].reduce((out, [v, s]) => { while (n >= v) { out += s; n -= v; } return out; }, "");
const caesar = (text, shift) => text.replace(/[a-z]/gi, (c) => { const base = c <= "Z" ? 65 : 97; return String.fromCharCode(((c.charCodeAt(0) - base + shift + 26) % 26) + base); });
const anagrams = (words) => Object.values(words.reduce((g, w) => { const k = [...w].sort().join(""); (g[k] ??= []).push(w); return g; }, {})).filter((g) => g.length > 1);
const brackets = (s) => { const stack = []; const pairs = { ")": "(", "]": "[", "}": "{" }; for (const c of s) { if ("([{".includes(c)) stack.push(c); else if (c in pairs && stack.pop() !== pairs[c]) return false; } return !stack.length; };
const rle = (s) => s.replace(/(.)\1*/g, (run, c) => (run.length > 1 ? run.length : "") + c);
const slug = (s) => s.toLowerCase().trim().replace(/[^\w\s-]/g, "").replace(/[\s_-]+/g, "-");
const permutations = (xs) => (xs.length ? xs.flatMap((x, i) => permutations([...xs.slice(0, i), ...xs.slice(i + 1)]).map((p) => [x, ...p])) : [[]]);
console.log(roman(1994), caesar("Hello, World!", 3), caesar(caesar("abc", 5), -5), anagrams(["eat", "tea", "tan", "ate", "nat", "bat"]), brackets("{[()]}"), brackets("([)]"), rle("aaabccd"), slug("  Hello, World & Friends! "), permutations([1, 2, 3]).map((p) => p.join("")).join());
