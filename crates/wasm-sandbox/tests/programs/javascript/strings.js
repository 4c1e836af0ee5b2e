const text = "The quick brown fox";
console.log(text.split(" ").map((w) => w[0].toUpperCase() + w.slice(1).toLowerCase()).join(" "), text.padEnd(25, ".") + "|", "7".padStart(3, "0"));
console.log(text.replace(/(\w+) (\w+)/, "$2 $1"), text.replaceAll("o", "0"), "a-b-c".split("-", 2), " x ".trim() + "|", "abc".at(-1), "ab".repeat(3));
console.log("naïve café".normalize("NFD").replace(/\p{Diacritic}/gu, ""), "😀".length, [..."😀é"].length, "😀".codePointAt(0), String.fromCodePoint(128512));
console.log("b".localeCompare("a"), ["ä", "a", "z"].sort((x, y) => x.localeCompare(y)), "İ".toLowerCase().length, "ß".toUpperCase());
console.log(`multi
line ${1 + 1} ${`nested ${"x"}`}`, String.raw`\n${1}`, "tab\tend", 'it\'s', "\u{1F600}", "\x41");
console.log(encodeURIComponent("a b&c/ü"), decodeURIComponent("%E2%98%95"), encodeURI("http://x/a b?q=ü"), escape("ä"), btoa("hello"), atob("aGVsbG8="));
console.log("camelCaseString".replace(/([A-Z])/g, (m) => "_" + m.toLowerCase()), "snake_case_here".replace(/_(\w)/g, (_, c) => c.toUpperCase()));
console.log("abc" < "abd", "10" < "9", 10 < 9, "5" * "2", "5" + 2, [] + {}, [1] == 1, null ?? "d", NaN === NaN, Object.is(-0, 0), typeof null);
const tag = (strings, ...values) => strings.raw.join("|") + values.join(",");
console.log(tag`a${1}b${2}c`, "abcdef".substring(4, 1), "abcdef".substr(-3, 2), "a,b,,c".split(","), "x".charCodeAt(0), "lorem ipsum".search(/ip/), "aXbX".lastIndexOf("X"));
console.log(isPalindrome("A man, a plan, a canal: Panama"));
function isPalindrome(s) { const clean = s.toLowerCase().replace(/[^a-z0-9]/g, ""); return clean === [...clean].reverse().join(""); }
