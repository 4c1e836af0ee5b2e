from itertools import permutations


def combinations_sum(candidates, target, start=0):
    if target == 0:
        yield []
    for i in range(start, len(candidates)):
        if candidates[i] <= target:
            for rest in combinations_sum(candidates, target - candidates[i], i):
                yield [candidates[i], *rest]


def subsets(items):
    return [[]] if not items else [s + extra for s in subsets(items[1:]) for extra in ([], [items[0]])]


def parentheses(n, opened=0, closed=0, text=""):
    if len(text) == 2 * n:
        return [text]
    found = []
    if opened < n:
        found += parentheses(n, opened + 1, closed, text + "(")
    if closed < opened:
        found += parentheses(n, opened, closed + 1, text + ")")
    return found


def solve(puzzle):
    letters = "".join(sorted(set(filter(str.isalpha, puzzle))))
    left, right = puzzle.split(" == ")
    firsts = {word[0] for word in puzzle.replace("+", " ").replace("==", " ").split()}
    for digits in permutations("0123456789", len(letters)):
        table = dict(zip(letters, digits))
        if all(table[first] != "0" for first in firsts):
            value = lambda word: int("".join(table[c] for c in word))
            if sum(map(value, left.split(" + "))) == value(right):
                return table
    return None


print(list(combinations_sum([2, 3, 5], 8)), len(subsets([1, 2, 3, 4])), parentheses(3))
print(solve("TO + GO == OUT"))
