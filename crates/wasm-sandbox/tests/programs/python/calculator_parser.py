import re
from dataclasses import dataclass


@dataclass
class Token:
    kind: str
    value: str
    at: int


class Parser:
    TOKENS = re.compile(r"\s*(?:(?P<number>\d+\.?\d*)|(?P<op>\*\*|[-+*/()%]))")

    def __init__(self, text):
        self.tokens, at = [], 0
        while at < len(text.rstrip()):
            match = self.TOKENS.match(text, at)
            if not match:
                raise SyntaxError(f"unexpected {text[at]!r} at {at}")
            self.tokens.append(Token(match.lastgroup, match[match.lastgroup], at))
            at = match.end()
        self.tokens.append(Token("end", "", len(text)))
        self.index = 0

    def peek(self):
        return self.tokens[self.index].value

    def take(self):
        self.index += 1
        return self.tokens[self.index - 1]

    def parse(self):
        value = self.sum()
        if self.peek():
            raise SyntaxError(f"unexpected {self.peek()!r}")
        return value

    def sum(self):
        value = self.product()
        while self.peek() in ("+", "-"):
            value = value + self.product() if self.take().value == "+" else value - self.product()
        return value

    def product(self):
        value = self.unary()
        while self.peek() in ("*", "/", "%"):
            match self.take().value:
                case "*":
                    value *= self.unary()
                case "/":
                    value /= self.unary()
                case "%":
                    value %= self.unary()
        return value

    def unary(self):
        if self.peek() == "-":
            self.take()
            return -self.unary()
        return self.power()

    def power(self):
        base = self.atom()
        if self.peek() == "**":
            self.take()
            return base ** self.unary()
        return base

    def atom(self):
        token = self.take()
        if token.kind == "number":
            return float(token.value) if "." in token.value else int(token.value)
        if token.value == "(":
            value = self.sum()
            if self.take().value != ")":
                raise SyntaxError("expected )")
            return value
        raise SyntaxError(f"unexpected {token.value!r} at {token.at}")


for text in ["1 + 2 * 3", "(1 + 2) * 3", "2 ** 3 ** 2", "-2 ** 2", "10 / 4 - 1.5", "7 % 4 * 2", "1 +", "(1", "2 $ 3", "1 / 0"]:
    try:
        print(f"{text} = {Parser(text).parse()}")
    except (SyntaxError, ZeroDivisionError) as error:
        print(f"{text}: {type(error).__name__}: {error}")
