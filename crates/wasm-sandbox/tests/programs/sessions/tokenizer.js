// %%
function tokenize(source) {
  const tokens = [];
  const pattern = /\s*(?:(?<number>\d+(?:\.\d+)?)|(?<name>[a-z_]\w*)|(?<operator>[-+*\/^()=]))/giy;
  while (pattern.lastIndex < source.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(source);
    if (!match) throw new SyntaxError(`unexpected '${source[at]}' at ${at}`);
    const [kind, text] = Object.entries(match.groups).find(([, value]) => value !== undefined);
    tokens.push({ kind, text });
  }
  return tokens;
}
tokenize("x = 2 * (3.5 + y)").map((t) => t.text).join(" ")
//> 'x = 2 * ( 3.5 + y )'
// %%
tokenize("1 $ 2")
//! SyntaxError
// %%
class Parser {
  #tokens; #at = 0; #variables;
  constructor(source, variables = {}) {
    this.#tokens = tokenize(source);
    this.#variables = variables;
  }
  #peek() { return this.#tokens[this.#at]?.text; }
  #next() { return this.#tokens[this.#at++]; }
  parse() {
    const value = this.#sum();
    if (this.#peek() !== undefined) throw new SyntaxError(`unexpected ${this.#peek()}`);
    return value;
  }
  #sum() {
    let left = this.#product();
    while (["+", "-"].includes(this.#peek())) left = this.#next().text === "+" ? left + this.#product() : left - this.#product();
    return left;
  }
  #product() {
    let left = this.#power();
    while (["*", "/"].includes(this.#peek())) left = this.#next().text === "*" ? left * this.#power() : left / this.#power();
    return left;
  }
  #power() {
    const base = this.#atom();
    if (this.#peek() !== "^") return base;
    this.#next();
    return base ** this.#power();
  }
  #atom() {
    const token = this.#next();
    if (token?.text === "-") return -this.#atom();
    if (token?.text === "(") { const value = this.#sum(); this.#next(); return value; }
    if (token?.kind === "name") return this.#variables[token.text];
    if (token?.kind === "number") return Number(token.text);
    throw new SyntaxError(`unexpected ${token?.text ?? "end"}`);
  }
}
const calculate = (source, variables) => new Parser(source, variables).parse();
calculate("2 + 3 * 4 ^ 2 / -(1 + 1)")
//> -22
// %%
calculate("2 +")
//! SyntaxError
// %%
try { calculate("2 3") } catch (error) { console.log(error.name, "-", error.message) }
//> SyntaxError - unexpected 3
// %%
[calculate("r * r * pi", { r: 2, pi: 3 }), calculate("2 ^ 3 ^ 2"), calculate("1 / 0")]
//> [ 12, 512, Infinity ]
// %%
new Parser("1").#at
//! SyntaxError
