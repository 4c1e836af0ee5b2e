# call mean [[1, 2, 6]] -> 3.0
# call greet ["Ada"] -> "hello, Ada"
# call greet ["Ada", true] -> "hello, Ada!"
# call word_count ["the cat the dog"] -> {"the": 2, "cat": 1, "dog": 1}
# call area [{"width": 2, "height": 3.5}] -> 7.0
# call later [4] -> 5
# call divide [1, 0] -> ! ZeroDivisionError
# call find [["a", "b"], "z"] -> null
# call today ["2024-02-28", 2] -> "2024-03-01"
# call matrix [3] -> [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Optional


@dataclass
class Box:
    width: float
    height: float = 1.0


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def greet(name: str, loud: bool = False) -> str:
    return f"hello, {name}" + "!" * loud


def word_count(text: str) -> dict[str, int]:
    return Counter(text.split())


def area(box: Box) -> float:
    return box.width * box.height


async def later(n: int) -> int:
    await asyncio.sleep(0.001)
    return n + 1


def divide(a: float, b: float) -> float:
    return a / b


def find(names: list[str], name: str) -> Optional[int]:
    return names.index(name) if name in names else None


def today(start: str, days: int) -> date:
    return date.fromisoformat(start) + timedelta(days=days)


def matrix(n: int) -> list[list[int]]:
    return [[int(i == j) for j in range(n)] for i in range(n)]
