from __future__ import annotations

from dataclasses import asdict, astuple, dataclass, field, replace


@dataclass(order=True)
class Item:
    sort_index: tuple = field(init=False, repr=False)
    name: str
    price: float
    quantity: int = 0
    tags: list[str] = field(default_factory=list)

    def __post_init__(self):
        if self.price < 0:
            raise ValueError("price must not be negative")
        self.sort_index = (self.price, self.name)

    @property
    def total(self) -> float:
        return round(self.price * self.quantity, 2)


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 0


items = [Item("pen", 1.2, 10), Item("book", 12.5, 2, ["paper"]), Item("cup", 1.2)]
for item in sorted(items):
    print(item, item.total)
print(asdict(items[1])["tags"], astuple(Point(1)), replace(Point(1, 2), y=5))
try:
    Point(1).x = 2
except AttributeError as error:
    print(type(error).__name__, error)
try:
    Item("bad", -1)
except ValueError as error:
    print(error)
print({Point(1, 2): "here"}[Point(1, 2)])
