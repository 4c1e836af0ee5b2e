def to_roman(n):
    table = [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]
    return _roman(n, table)


def _roman(n, table):
    out = ""
    for value, symbol in table:
        count, n = divmod(n, value)
        out += symbol * count
    return out


def from_roman(text):
    values = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
    return sum(-values[a] if values[a] < values.get(b, 0) else values[a] for a, b in zip(text, text[1:] + " "))


assert all(from_roman(to_roman(n)) == n for n in range(1, 4000))
print(to_roman(1994), from_roman("MMXXIV"))
