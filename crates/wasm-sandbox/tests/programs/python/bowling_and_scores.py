def score(rolls):
    total = at = 0
    for _ in range(10):
        if rolls[at] == 10:
            total += 10 + rolls[at + 1] + rolls[at + 2]
            at += 1
        else:
            pins = rolls[at] + rolls[at + 1]
            total += pins + (rolls[at + 2] if pins == 10 else 0)
            at += 2
    return total


assert score([0] * 20) == 0
assert score([10] * 12) == 300
assert score([5, 5] * 10 + [5]) == 150
try:
    score([10])
except IndexError:
    pass
else:
    raise AssertionError("an unfinished game has no score")
print("ok")
