function parseJson(text) {
  let i = 0;
  const error = (what) => { throw new SyntaxError(`${what} at ${i}`); };
  const skip = () => { while (/\s/.test(text[i] ?? "")) i++; };
  const literal = (word, value) => { if (!text.startsWith(word, i)) error("bad literal"); i += word.length; return value; };
  function value() {
    skip();
    switch (text[i]) {
      case "{": return object();
      case "[": return array();
      case '"': return string();
      case "t": return literal("true", true);
      case "f": return literal("false", false);
      case "n": return literal("null", null);
    }
    const match = /^-?\d+(\.\d+)?([eE][+-]?\d+)?/.exec(text.slice(i));
    if (!match) error(`unexpected ${text[i] ?? "end"}`);
    i += match[0].length;
    return Number(match[0]);
  }
  function string() { const match = /^"((?:[^"\\]|\\.)*)"/.exec(text.slice(i)); if (!match) error("unclosed string"); i += match[0].length; return match[1].replace(/\\(u[\da-f]{4}|.)/gi, (_, e) => e[0] === "u" ? String.fromCharCode(parseInt(e.slice(1), 16)) : ({ n: "\n", t: "\t" })[e] ?? e); }
  function array() { const out = []; i++; for (skip(); text[i] !== "]"; ) { out.push(value()); skip(); if (text[i] === ",") i++; else if (text[i] !== "]") error("expected ]"); } i++; return out; }
  function object() { const out = {}; i++; for (skip(); text[i] !== "}"; skip()) { const key = string(); skip(); if (text[i++] !== ":") error("expected :"); out[key] = value(); skip(); if (text[i] === ",") i++, skip(); else if (text[i] !== "}") error("expected }"); } i++; return out; }
  const result = value();
  skip();
  if (i < text.length) error("trailing text");
  return result;
}
const sample = '{"a": [1, -2.5e3, "x\\ny\\u0041"], "b": {"c": null, "d": true}, "e": {}}';
console.log(parseJson(sample), JSON.stringify(parseJson(sample)) === JSON.stringify(JSON.parse(sample)));
for (const bad of ["[1 2]", '{"a" 1}', '"open', "tru", ""]) try { parseJson(bad); } catch (e) { console.log(e.message); }
