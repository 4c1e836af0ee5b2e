import functools
from functools import cached_property, cmp_to_key, lru_cache, partial, partialmethod, reduce, singledispatch, total_ordering


@lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


@singledispatch
def describe(value):
    return f"object {value!r}"


@describe.register
def _(value: int):
    return f"int {value}"


@describe.register(list)
def _(value):
    return f"list of {len(value)}"


@total_ordering
class Version:
    def __init__(self, text):
        self.parts = tuple(map(int, text.split(".")))

    def __eq__(self, other):
        return self.parts == other.parts

    def __lt__(self, other):
        return self.parts < other.parts

    @cached_property
    def text(self):
        print("computing")
        return ".".join(map(str, self.parts))


class Cell:
    def set(self, value):
        self.value = value
        return self

    on = partialmethod(set, True)


print(fib(90), fib.cache_info())
print(describe(3), describe([1, 2]), describe("x"))
print(Version("1.10") > Version("1.9"), Version("1.0") <= Version("1.0"))
version = Version("2.3")
print(version.text, version.text)
print(partial(int, base=2)("1011"), reduce(lambda a, b: a * b, range(1, 6)), Cell().on().value)
print(sorted(["bb", "a", "ccc"], key=cmp_to_key(lambda a, b: len(b) - len(a))))


@functools.cache
def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)


print(depth(300))
