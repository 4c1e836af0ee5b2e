import operator
from functools import reduce


class Money:
    def __init__(self, amount, currency="EUR"):
        self.amount, self.currency = amount, currency

    def _check(self, other):
        if not isinstance(other, Money):
            return NotImplemented
        if self.currency != other.currency:
            raise TypeError(f"{self.currency} and {other.currency}")
        return other

    def __add__(self, other):
        if other == 0:
            return self
        other = self._check(other)
        return other if other is NotImplemented else Money(self.amount + other.amount, self.currency)

    __radd__ = __add__

    def __neg__(self):
        return Money(-self.amount, self.currency)

    def __lt__(self, other):
        return self.amount < self._check(other).amount

    def __eq__(self, other):
        return isinstance(other, Money) and (self.amount, self.currency) == (other.amount, other.currency)

    def __hash__(self):
        return hash((self.amount, self.currency))

    def __format__(self, spec):
        return f"{self.amount:{spec or '.2f'}} {self.currency}"

    def __contains__(self, item):
        return item in self.currency

    def __call__(self, factor):
        return Money(self.amount * factor, self.currency)

    def __getitem__(self, index):
        return divmod(self.amount, 1)[index]

    def __len__(self):
        return int(self.amount)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return False


print(f"{sum([Money(1.5), Money(2)])}", f"{-Money(3):.0f}", max(Money(1), Money(5)).amount, Money(1) == Money(1), "EU" in Money(1), f"{Money(2)(3)}", Money(4.25)[0], len(Money(7.9)), bool(Money(0)))
for act in (lambda: Money(1) + Money(1, "USD"), lambda: Money(1) + "x", lambda: Money(1) - Money(1)):
    try:
        act()
    except TypeError as error:
        print(error)
print(reduce(operator.mul, [1, 2, 3, 4]), operator.itemgetter(1, 0)("ab"), operator.attrgetter("real", "imag")(3 + 4j), operator.methodcaller("split", "-")("a-b"))
print(1 < 2 < 3, not 0 == 1, 5 if [] else 6, "a" "b", [1, 2] * 2, (1,) + (2,), {1} | {2} - {2}, {1, 2} & {2, 3}, {1} ^ {1, 2}, {1} <= {1, 2}, 7 and 0 or "x", 10 ** -2, 7 % -3, True + True, 0.1 + 0.2 == 0.3)
