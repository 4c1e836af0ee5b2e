// %%
const start = new Date("2024-02-28T12:00:00Z");
const addDays = (date, days) => new Date(date.getTime() + days * 864e5);
addDays(start, 2).toISOString().slice(0, 10)
//> '2024-03-01'
// %%
start
//> 2024-02-28T12:00:00.000Z
// %%
start.toLocaleDateString("en-US", { weekday: "long", year: "numeric", month: "long", day: "numeric" })
//> 'Wednesday, February 28, 2024'
// %%
new Date("nonsense").toISOString()
//! RangeError
// %%
const cases = "hello world-wide web".split(/[\s-]+/);
const camel = cases.map((w, i) => (i ? w[0].toUpperCase() + w.slice(1) : w)).join("");
const snake = camel.replace(/[A-Z]/g, (c) => "_" + c.toLowerCase());
[camel, snake]
//> [ 'helloWorldWideWeb', 'hello_world_wide_web' ]
// %%
const isPalindrome = (text) => { const t = text.toLowerCase().replace(/[^\p{L}]/gu, ""); return t === [...t].reverse().join(""); };
[isPalindrome("A man, a plan, a canal: Panama"), isPalindrome("été"), isPalindrome("no")]
//> [ true, true, false ]
// %%
["b", "a", "ä", "Z", "10", "9"].sort()
//> [ '10', '9', 'Z', 'a', 'b', 'ä' ]
// %%
["b", "a", "ä", "Z"].sort((x, y) => x.localeCompare(y))
//> [ 'a', 'ä', 'b', 'Z' ]
// %%
[..."👍🏽é"].length + "👍".length + encodeURIComponent("ä &").length
//> 17
// %%
`${String.raw`a\n`}|${"x".at(-1)}|${"a-b-c".replaceAll("-", "+")}|${"abc".substring(2, 0)}`
//> 'a\\n|x|a+b+c|ab'
// %%
const frequency = (text) => Object.entries(Object.groupBy(text.replace(/\s/g, ""), (c) => c)).map(([c, all]) => [c, all.length]).sort(([a, n], [b, m]) => m - n || a.localeCompare(b));
frequency("the rain in spain").slice(0, 3)
//> [ [ 'i', 3 ], [ 'n', 3 ], [ 'a', 2 ] ]
