import copy
from collections.abc import Iterable, Mapping, MutableSequence
from typing import Protocol, runtime_checkable


@runtime_checkable
class Drawable(Protocol):
    def draw(self) -> str: ...


class Square:
    __slots__ = ("side",)

    def __init__(self, side):
        self.side = side

    def draw(self):
        return "#" * self.side

    def __copy__(self):
        return Square(self.side + 1)


class Stack(MutableSequence):
    def __init__(self, items=()):
        self.items = list(items)

    def __getitem__(self, index):
        return self.items[index]

    def __setitem__(self, index, value):
        self.items[index] = value

    def __delitem__(self, index):
        del self.items[index]

    def __len__(self):
        return len(self.items)

    def insert(self, index, value):
        self.items.insert(index, value)


square = Square(2)
print(isinstance(square, Drawable), copy.copy(square).draw(), hasattr(square, "__dict__"))
try:
    square.color = "red"
except AttributeError:
    print("no new attributes")
stack = Stack([1, 2])
stack.append(3)
stack.extend([4, 5])
stack.reverse()
print(stack.pop(), list(stack), 3 in stack, stack.index(4), stack[-1], isinstance(stack, Iterable), isinstance({}, Mapping))
nested = {"a": [1, {"b": 2}]}
shallow, deep = copy.copy(nested), copy.deepcopy(nested)
nested["a"][1]["b"] = 99
print(shallow["a"][1]["b"], deep["a"][1]["b"])
