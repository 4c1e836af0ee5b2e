def hanoi(n, source="A", target="C", spare="B"):
    if n:
        yield from hanoi(n - 1, source, spare, target)
        yield n, source, target
        yield from hanoi(n - 1, spare, target, source)


def permutations(items):
    if not items:
        yield []
    for i, item in enumerate(items):
        for rest in permutations(items[:i] + items[i + 1 :]):
            yield [item, *rest]


def power_set(items):
    return [[item for bit, item in enumerate(items) if mask >> bit & 1] for mask in range(1 << len(items))]


print(len(list(hanoi(10))), list(hanoi(2)), list(permutations([1, 2, 3])), power_set("ab"))
gray = lambda n: [""] if n == 0 else ["0" + code for code in gray(n - 1)] + ["1" + code for code in reversed(gray(n - 1))]
print(gray(3))
