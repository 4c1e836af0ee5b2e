from dataclasses import dataclass
from enum import Enum


@dataclass
class Circle:
    radius: float


@dataclass
class Rectangle:
    width: float
    height: float


class Color(Enum):
    RED = 1


def describe(value):
    match value:
        case 0 | 1:
            return "bit"
        case int(n) if n < 0:
            return "negative"
        case Color.RED:
            return "red"
        case {"type": "user", "name": str(name), **rest}:
            return f"user {name} {rest}"
        case [x, y, *others]:
            return f"list {x} {y} {others}"
        case Circle(radius=r):
            return f"circle {r}"
        case Rectangle(width=w, height=h) if w == h:
            return "square"
        case str() as text:
            return f"text {text}"
        case None:
            return "nothing"
        case _:
            return "other"


for value in [1, -5, Color.RED, {"type": "user", "name": "ada", "age": 3}, [1, 2, 3, 4], (5, 6), Circle(2), Rectangle(1, 1), Rectangle(1, 2), "x", None, 3.5]:
    print(describe(value))


def run(command):
    match command.split():
        case ["go", ("north" | "south") as where]:
            return f"going {where}"
        case ["drop", *things]:
            return things
        case [action]:
            return action.upper()


print(run("go north"), run("drop a b"), run("quit"), run("go up"))
