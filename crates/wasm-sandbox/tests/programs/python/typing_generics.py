from typing import Callable, Generic, Iterable, Literal, NamedTuple, Optional, Protocol, TypedDict, TypeVar, Union, get_type_hints

T = TypeVar("T")


class Stack(Generic[T]):
    def __init__(self) -> None:
        self._items: list[T] = []

    def push(self, item: T) -> "Stack[T]":
        self._items.append(item)
        return self

    def pop(self) -> Optional[T]:
        return self._items.pop() if self._items else None


class Shape(Protocol):
    def area(self) -> float: ...


class Square(NamedTuple):
    side: float

    def area(self) -> float:
        return self.side**2


class Movie(TypedDict, total=False):
    title: str
    year: int


def total_area(shapes: Iterable[Shape]) -> float:
    return sum(shape.area() for shape in shapes)


def apply(function: Callable[[T], T], value: T, times: Literal[1, 2] = 1) -> T:
    for _ in range(times):
        value = function(value)
    return value


class Box[V]:
    def __init__(self, value: V):
        self.value = value

    def map[W](self, function: Callable[[V], W]) -> "Box[W]":
        return Box(function(self.value))


type Pair[A] = tuple[A, A]

print(Stack[int]().push(1).push(2).pop(), Stack().pop(), total_area([Square(2), Square(3)]))
movie: Movie = {"title": "Brazil", "year": 1985}
print(movie, get_type_hints(Movie), apply(lambda x: x * 3, 2, times=2))
print(Box(4).map(str).value, Pair.__name__, Union[int, str] == (int | str))
