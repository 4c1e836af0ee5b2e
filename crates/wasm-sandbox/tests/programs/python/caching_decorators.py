import functools
import time


def ttl_cache(seconds):
    def decorate(function):
        cache = {}

        @functools.wraps(function)
        def wrapper(*args):
            now = time.monotonic()
            if args in cache and now - cache[args][0] < seconds:
                return cache[args][1]
            value = function(*args)
            cache[args] = (now, value)
            return value

        wrapper.clear = cache.clear
        return wrapper

    return decorate


calls = []


@ttl_cache(60)
def slow(n):
    """Slow."""
    calls.append(n)
    return n * n


print(slow(3), slow(3), slow(4), calls, slow.__wrapped__(5), slow.__doc__)


def validate(**checks):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            import inspect
            bound = inspect.signature(function).bind(*args, **kwargs)
            bound.apply_defaults()
            for name, check in checks.items():
                if not check(bound.arguments[name]):
                    raise ValueError(f"{name}={bound.arguments[name]!r} is not allowed")
            return function(*args, **kwargs)

        return wrapper

    return decorate


@validate(age=lambda a: 0 <= a < 150, name=str.isalpha)
def register(name, age=30):
    return f"{name} ({age})"


for arguments in [("Ada",), ("Bob", 200), ("x1", 5)]:
    try:
        print(register(*arguments))
    except ValueError as error:
        print(error)


class lazy:
    def __init__(self, function):
        self.function = function

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner):
        if instance is None:
            return self
        value = instance.__dict__[self.name] = self.function(instance)
        return value


class Report:
    @lazy
    def data(self):
        print("loading")
        return [1, 2, 3]


report = Report()
print(sum(report.data), len(report.data))
