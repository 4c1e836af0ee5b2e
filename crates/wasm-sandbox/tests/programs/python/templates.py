from string import Template, Formatter
import string

letter = Template("Dear $name,\nyou owe $$${amount}.\n$missing")
print(letter.safe_substitute(name="Ada", amount=12.5))
try:
    letter.substitute(name="Ada")
except KeyError as error:
    print("missing", error)
value, width = 1234567.891, 15
print(f"{value:,.2f}|{value:>{width}.1f}|{value:e}|{255:#x}|{255:08b}|{0.256:.1%}|{'x':*^7}|{-5:+d}|{1e10:g}")
print("{0} {1} {0} {name!r:>8}".format("a", "b", name="n"), "%05.1f %s %r %x" % (3.14159, "s", "r", 255))
print(list(Formatter().parse("a{b:>4}c{d!r}")), string.capwords("hello big world"))
name = "x"
print(f"{name=} {1 + 1 = } {'nested ' + f'{name!r}'}")
import datetime
print(f"{datetime.date(2024, 1, 2):%d/%m/%y}")
