from itertools import islice


def primes():
    found = []
    candidate = 2
    while True:
        if all(candidate % prime for prime in found if prime * prime <= candidate):
            found.append(candidate)
            yield candidate
        candidate += 1


def running_average():
    total, count, average = 0, 0, None
    while True:
        value = yield average
        if value is None:
            return average
        total, count = total + value, count + 1
        average = total / count


def flatten(items):
    for item in items:
        if isinstance(item, list):
            yield from flatten(item)
        else:
            yield item


print(list(islice(primes(), 15)))
averager = running_average()
next(averager)
print([averager.send(value) for value in (10, 20, 60)])
try:
    averager.send(None)
except StopIteration as stop:
    print("returned", stop.value)
print(list(flatten([1, [2, [3, [4]], 5]])))
print(sum(x * x for x in range(1_000_001) if x % 3 == 0))
