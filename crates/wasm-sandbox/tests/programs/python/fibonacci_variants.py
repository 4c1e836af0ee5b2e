from functools import lru_cache, reduce
from itertools import islice
import sys


@lru_cache(maxsize=None)
def recursive(n):
    return n if n < 2 else recursive(n - 1) + recursive(n - 2)


def iterative(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def fast(n):
    if n == 0:
        return 0, 1
    a, b = fast(n // 2)
    c, d = a * (2 * b - a), a * a + b * b
    return (d, c + d) if n % 2 else (c, d)


def stream():
    a, b = 0, 1
    while True:
        yield a
        a, b = b, a + b


print(recursive(300) == iterative(300) == fast(300)[0] == next(islice(stream(), 300, None)))
print(recursive(400), reduce(lambda pair, _: (pair[1], sum(pair)), range(50), (0, 1))[0])
memo = {}


def manual(n):
    if n not in memo:
        memo[n] = n if n < 2 else manual(n - 1) + manual(n - 2)
    return memo[n]


print(manual(900) % 10**9, sys.getrecursionlimit())
naive = lambda n: n if n < 2 else naive(n - 1) + naive(n - 2)
print([naive(n) for n in range(20)][-1])
