import textwrap
from datetime import datetime

rows = [("Widget", 4, 3.5), ("Gadget with a long name", 12, 0.333), ("Ünïcode ☕", 1, 1234567.891)]
print(f"{'item':<20}|{'qty':^5}|{'price':>14}")
print("=" * 41)
for name, quantity, price in rows:
    print(f"{textwrap.shorten(name, 20, placeholder='…'):<20}|{quantity:^5}|{price:>14,.2f}")
print(f"{1e-7:.3g} {123456789:_} {0.1 + 0.2:.17f} {255:#010b} {3.0:g} {10**20:e} {-7:>+5} {True:d} {'ab':>{3 + 2}} {12.5:06.1f} {1234.5:n}")
print("%-10s|%5.1f%%|%+d|%o|%#x|%c|%r" % ("left", 99.5, 5, 8, 255, "c", "q"))
print(f"{datetime(2024, 1, 2, 3, 4, 5):%Y/%m/%d %I:%M %p %j}", "{:{align}{width}}".format("x", align="^", width=5), f"{'nested':{'*'}^{10}}")
print(str(1.0), repr(0.1), str(1e16), 1e15, 123456789012345680.0, float("1e-5"), round(1234.5678, -2), round(0.5), f"{2.675:.2f}", int(-3.7), 5 // -2)
print("tab\\t", r"raw\n", "a\
b", 'single"double', """triple 'quotes'
over lines""", b"bytes\x00\xff", "\u00e9\N{BULLET}", len("e\u0301"))
