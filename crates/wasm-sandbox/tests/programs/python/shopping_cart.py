from decimal import Decimal
from typing import NamedTuple


class Line(NamedTuple):
    name: str
    price: Decimal
    quantity: int = 1

    @property
    def total(self):
        return self.price * self.quantity


class Cart:
    def __init__(self):
        self._lines = {}
        self._discounts = []

    def add(self, name, price, quantity=1):
        line = self._lines.get(name, Line(name, Decimal(price), 0))
        self._lines[name] = line._replace(quantity=line.quantity + quantity)
        return self

    def discount(self, rule):
        self._discounts.append(rule)
        return rule

    @property
    def subtotal(self):
        return sum((line.total for line in self._lines.values()), Decimal())

    @property
    def total(self):
        return (self.subtotal - sum(rule(self) for rule in self._discounts)).quantize(Decimal("0.01"))

    def __iter__(self):
        return iter(self._lines.values())


cart = Cart().add("tea", "2.50", 4).add("cake", "3.20").add("tea", "2.50")


@cart.discount
def ten_percent_over_ten(cart):
    return cart.subtotal * Decimal("0.1") if cart.subtotal > 10 else 0


for line in cart:
    print(f"{line.name:<6} {line.quantity:>2} x {line.price:>5} = {line.total:>6}")
print(cart.subtotal, cart.total)
