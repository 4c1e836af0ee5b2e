from functools import cmp_to_key
import re

names = ["item10", "item2", "Item1", "éclair", "apple", "Zebra"]
natural = lambda text: [int(part) if part.isdigit() else part.lower() for part in re.split(r"(\d+)", text)]
print(sorted(names), sorted(names, key=str.lower), sorted(["item10", "item2", "Item1"], key=natural))
people = [("bob", 30), ("ada", 25), ("eve", 30)]
print(sorted(people, key=lambda p: (-p[1], p[0])), sorted(people, key=cmp_to_key(lambda a, b: (a[1] > b[1]) - (a[1] < b[1]) or (a[0] < b[0]) - (a[0] > b[0]))))
print(min(people, key=lambda p: p[1]), sorted("bca", reverse=True), sorted({"b": 1, "a": 2}), sorted([3, 1, 2], key=[1, 2, 3].index))
words = ["banana", "Apple", "cherry"]
words.sort(key=lambda word: (len(word), word))
print(words, list(reversed(words)), sorted(sorted("hello"), key="hello".index))
try:
    sorted([1, "a"])
except TypeError as error:
    print(error)


def bucket(values, size=10):
    buckets = {}
    for value in values:
        buckets.setdefault(value // size * size, []).append(value)
    return dict(sorted(buckets.items()))


def binary_search(items, target):
    low, high = 0, len(items) - 1
    while low <= high:
        middle = (low + high) // 2
        if items[middle] == target:
            return middle
        if items[middle] < target:
            low = middle + 1
        else:
            high = middle - 1
    return ~low


print(bucket([5, 12, 18, 33, 7]), binary_search([1, 3, 5, 7], 5), binary_search([1, 3, 5, 7], 4))
