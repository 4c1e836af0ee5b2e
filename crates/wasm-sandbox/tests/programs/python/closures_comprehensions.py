def counter(start=0):
    count = start

    def step(by=1):
        nonlocal count
        count += by
        return count

    return step


step = counter(10)
print(step(), step(5))
print([function(2) for function in [lambda x, n=n: x**n for n in range(4)]])
matrix = [[1, 2, 3], [4, 5, 6]]
print([[row[i] for row in matrix] for i in range(3)], {word: len(word) for word in ("a", "bb")}, {x % 3 for x in range(10)})
first, *middle, last = range(6)
print(first, middle, last, [y := 5, y**2], (lambda *args, **kwargs: (args, kwargs))(1, 2, a=3))
a, b = 1, 2
a, b = b, a
print(a, b, *[1, 2], *(3,), sep="-")


def options(a, /, b, *, c=3, **rest):
    return a, b, c, rest


print(options(1, b=2, c=4, d=5), dict(zip("abc", range(3))) | {"z": 26})
print(sorted({"x": 3, "y": 1}.items(), key=lambda pair: pair[1]), max("apple", "fig", key=len), any([]), all([]))
print(list(map(str.upper, "ab")), list(filter(None, [0, 1, "", "x"])), list(enumerate("ab", 1)), list(reversed([1, 2])))
print("".join(chr(ord(c) + 1) for c in "HAL"), "a,b,,c".split(","), "  x ".strip(), "title case".title(), "x".center(5, "*"))
print(divmod(-7, 3), -7 // 3, -7 % 3, round(2.5), round(-1.5), 7 // 2, 2**100, 1e308 * 10, 0.1 + 0.2)
