type Token = { type: "number"; value: number } | { type: "operator"; value: "+" | "-" | "*" | "/" | "(" | ")" };
function* tokenize(source: string): Generator<Token> {
  for (const [text] of source.matchAll(/\d+(?:\.\d+)?|[-+*/()]|\S/g)) {
    if (/^\d/.test(text)) yield { type: "number", value: Number(text) };
    else if ("+-*/()".includes(text)) yield { type: "operator", value: text as "+" };
    else throw new SyntaxError(`unexpected ${JSON.stringify(text)}`);
  }
}
const precedence: Readonly<Record<string, number>> = { "+": 1, "-": 1, "*": 2, "/": 2 };
function toPostfix(tokens: Iterable<Token>): Token[] {
  const output: Token[] = [], stack: Extract<Token, { type: "operator" }>[] = [];
  for (const token of tokens) {
    if (token.type === "number") output.push(token);
    else if (token.value === "(") stack.push(token);
    else if (token.value === ")") {
      while (stack.at(-1)?.value !== "(") { const top = stack.pop(); if (!top) throw new SyntaxError("unbalanced"); output.push(top); }
      stack.pop();
    } else {
      while (stack.length && precedence[stack.at(-1)!.value] >= precedence[token.value]) output.push(stack.pop()!);
      stack.push(token);
    }
  }
  return [...output, ...stack.reverse()];
}
const evaluate = (source: string): number => {
  const stack: number[] = [];
  for (const token of toPostfix(tokenize(source))) {
    if (token.type === "number") { stack.push(token.value); continue; }
    const [b, a] = [stack.pop()!, stack.pop()!];
    stack.push({ "+": a + b, "-": a - b, "*": a * b, "/": a / b }[token.value as "+"]);
  }
  return stack[0];
};
for (const source of ["1 + 2 * 3", "(1 + 2) * 3", "10 / 4 - 1", "2 ^ 3", "1)"]) {
  try { console.log(source, "=", evaluate(source)); } catch (error) { console.log(source, (error as Error).name, (error as Error).message); }
}
