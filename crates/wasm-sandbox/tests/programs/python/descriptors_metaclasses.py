class Positive:
    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, instance, owner=None):
        return self if instance is None else getattr(instance, self.name)

    def __set__(self, instance, value):
        if value <= 0:
            raise ValueError(f"{self.name[1:]} must be positive")
        setattr(instance, self.name, value)


class Registry(type):
    classes = {}

    def __new__(meta, name, bases, namespace, **options):
        cls = super().__new__(meta, name, bases, namespace)
        meta.classes[options.get("key", name.lower())] = cls
        return cls

    def __init__(cls, name, bases, namespace, **options):
        super().__init__(name, bases, namespace)


class Base(metaclass=Registry):
    pass


class Order(Base, key="order"):
    quantity = Positive()

    def __init__(self, quantity):
        self.quantity = quantity


class Plugin:
    found = []

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        Plugin.found.append(cls.__name__)


class One(Plugin): ...


class Two(One): ...


class Singleton:
    _instance = None

    def __new__(cls):
        cls._instance = cls._instance or super().__new__(cls)
        return cls._instance


class Vector:
    __match_args__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)

    def __mul__(self, k):
        return Vector(self.x * k, self.y * k)

    __rmul__ = __mul__

    def __eq__(self, other):
        return isinstance(other, Vector) and (self.x, self.y) == (other.x, other.y)

    def __hash__(self):
        return hash((self.x, self.y))

    def __repr__(self):
        return f"Vector({self.x}, {self.y})"

    def __bool__(self):
        return bool(self.x or self.y)

    def __iter__(self):
        yield from (self.x, self.y)

    def __getattr__(self, name):
        if name == "length":
            return (self.x**2 + self.y**2) ** 0.5
        raise AttributeError(name)


try:
    Order(0)
except ValueError as error:
    print(error)
print(Order(3).quantity, sorted(Registry.classes), Plugin.found, Singleton() is Singleton())
a, b = Vector(3, 4), Vector(1, 1)
print(a + b, 2 * a, a == Vector(3, 4), {a, Vector(3, 4)}, bool(Vector(0, 0)), [*a], a.length, hasattr(a, "z"))
print([cls.__name__ for cls in type("C", (One, Singleton), {}).__mro__])
