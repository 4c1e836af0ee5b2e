function parse(text) {
  const tokens = text.match(/\d+\.?\d*|[-+*/^()]|\S/g) ?? [];
  let at = 0;
  const peek = () => tokens[at];
  const expect = (token) => { if (tokens[at++] !== token) throw new SyntaxError(`expected ${token}`); };
  function atom() {
    const token = tokens[at++];
    if (token === "(") { const value = sum(); expect(")"); return value; }
    if (token === "-") return -power();
    if (/^\d/.test(token ?? "")) return Number(token);
    throw new SyntaxError(`unexpected ${token ?? "end"}`);
  }
  function power() { const base = atom(); return peek() === "^" ? (at++, base ** power()) : base; }
  function product() { let v = power(); while ("*/".includes(peek() ?? " ")) v = tokens[at++] === "*" ? v * power() : v / power(); return v; }
  function sum() { let v = product(); while ("+-".includes(peek() ?? " ")) v = tokens[at++] === "+" ? v + product() : v - product(); return v; }
  const value = sum();
  if (at < tokens.length) throw new SyntaxError(`unexpected ${peek()}`);
  return value;
}
for (const text of ["1+2*3", "(1+2)*3", "2^3^2", "-4/2", "10 / 4", "1+", "(1", "2 & 3"]) {
  try { console.log(text, "=", parse(text)); } catch (e) { console.log(text, "->", e.message); }
}
