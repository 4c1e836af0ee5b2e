import math
from abc import ABC, abstractmethod
from functools import singledispatchmethod


class Shape(ABC):
    registry = {}

    def __init_subclass__(cls, /, name=None, **kwargs):
        super().__init_subclass__(**kwargs)
        Shape.registry[name or cls.__name__.lower()] = cls

    @property
    @abstractmethod
    def area(self) -> float: ...

    @classmethod
    def create(cls, name, *args):
        return cls.registry[name](*args)

    @staticmethod
    def unit():
        return "cm²"

    def __lt__(self, other):
        return self.area < other.area

    def __str__(self):
        return f"{type(self).__name__} of {self.area:.2f} {self.unit()}"


class Circle(Shape):
    def __init__(self, radius):
        self.radius = radius

    area = property(lambda self: math.pi * self.radius**2)


class Rectangle(Shape, name="rect"):
    def __init__(self, width, height):
        self.width, self.height = width, height

    @property
    def area(self):
        return self.width * self.height


class Square(Rectangle):
    def __init__(self, side):
        super().__init__(side, side)

    @Rectangle.area.getter
    def area(self):
        return super().area


class Printer:
    @singledispatchmethod
    def show(self, value):
        return f"? {value}"

    @show.register
    def _(self, value: Shape):
        return f"shape {value}"

    @show.register(list)
    def _(self, value):
        return [self.show(item) for item in value]


shapes = [Shape.create("circle", 1), Shape.create("rect", 2, 3), Shape.create("square", 2)]
print(*sorted(shapes), sep="\n")
print(Printer().show(shapes[:1]), Printer().show(5), sorted(Shape.registry), Square.__mro__[1].__name__, isinstance(shapes[2], Rectangle), issubclass(Square, Shape))


class Loud:
    def speak(self):
        return super().speak().upper()


class Animal:
    def speak(self):
        return "..."


class Dog(Loud, Animal): ...


print(Dog().speak(), [c.__name__ for c in Dog.mro()])
