import sys
from functools import lru_cache

sys.setrecursionlimit(20_000)


def depth(tree):
    return 0 if tree is None else 1 + depth(tree[0])


tree = None
for _ in range(10_000):
    tree = (tree,)
print(depth(tree))


@lru_cache(maxsize=None)
def paths(rows, columns):
    return 1 if rows == 0 or columns == 0 else paths(rows - 1, columns) + paths(rows, columns - 1)


print(len(str(paths(400, 400))))


def flatten(items):
    return [leaf for item in items for leaf in (flatten(item) if isinstance(item, list) else [item])]


nested = []
for n in range(400):
    nested = [n, nested]
print(len(flatten(nested)))


class Expression:
    def __init__(self, left):
        self.left = left

    def __repr__(self):
        return f"({self.left!r})"

    def __eq__(self, other):
        return isinstance(other, Expression) and self.left == other.left


def build(levels):
    value = 0
    for _ in range(levels):
        value = Expression(value)
    return value


print(len(repr(build(300))), build(300) == build(300))
sys.setrecursionlimit(1000)
try:
    depth(tree)
except RecursionError as error:
    print(type(error).__name__)
import json
print(json.loads("[" * 300 + "]" * 300) is not None, sum(sum([n]) for n in range(3)))
