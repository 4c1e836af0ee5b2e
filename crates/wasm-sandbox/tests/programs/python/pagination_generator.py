import itertools
from typing import Iterator


def fetch(page: int, size: int = 3, total: int = 8) -> dict:
    start = page * size
    return {"items": list(range(start, min(start + size, total))), "next": page + 1 if start + size < total else None}


def pages() -> Iterator[int]:
    page = 0
    while page is not None:
        answer = fetch(page)
        yield from answer["items"]
        page = answer["next"]


def windows(items, size):
    iterators = itertools.tee(items, size)
    for skip, iterator in enumerate(iterators):
        next(itertools.islice(iterator, skip, skip), None)
    return zip(*iterators)


def peek(iterable):
    iterator = iter(iterable)
    try:
        first = next(iterator)
    except StopIteration:
        return None, iter(())
    return first, itertools.chain([first], iterator)


print(list(pages()), [sum(window) for window in windows(pages(), 3)], peek([])[0], peek("ab")[0])


def pipeline(source, *stages):
    for stage in stages:
        source = stage(source)
    return source


evens = lambda xs: (x for x in xs if x % 2 == 0)
double = lambda xs: map(lambda x: x * 2, xs)
print(list(pipeline(range(10), evens, double)), max(pages(), key=lambda x: -abs(x - 4)))


class Countdown:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if self.n <= 0:
            raise StopIteration
        self.n -= 1
        return self.n


print(list(Countdown(3)), dict(enumerate(Countdown(2))), sum(Countdown(5)), *Countdown(3))
print(list(iter(lambda: next(counter), 3)) if (counter := itertools.count()) else None)
