import functools
import time


def timed(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        start = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            wrapper.calls += 1
            wrapper.elapsed += time.perf_counter() - start

    wrapper.calls, wrapper.elapsed = 0, 0.0
    return wrapper


def retry(times, exceptions=(Exception,)):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            for attempt in range(1, times + 1):
                try:
                    return function(*args, **kwargs)
                except exceptions as error:
                    print(f"attempt {attempt}: {error}")
                    if attempt == times:
                        raise

        return wrapper

    return decorate


@timed
def add(a, b):
    """Adds."""
    return a + b


failures = iter([ValueError("first"), ValueError("second")])


@retry(3, exceptions=(ValueError,))
def flaky():
    for failure in failures:
        raise failure
    return "done"


print(add(1, 2), add(b=3, a=4), add.calls, add.__name__, add.__doc__, add.elapsed >= 0)
print(flaky())


class CountCalls:
    def __init__(self, function):
        functools.update_wrapper(self, function)
        self.function, self.count = function, 0

    def __call__(self, *args):
        self.count += 1
        return self.function(*args)


@CountCalls
def hello(name):
    return f"hello {name}"


print(hello("a"), hello("b"), hello.count)
