import doctest


def factorial(n: int) -> int:
    """Return n!.

    >>> factorial(5)
    120
    >>> [factorial(n) for n in range(4)]
    [1, 1, 2, 6]
    >>> factorial(-1)
    Traceback (most recent call last):
        ...
    ValueError: n must be >= 0
    """
    if n < 0:
        raise ValueError("n must be >= 0")
    return 1 if n < 2 else n * factorial(n - 1)


if __name__ == "__main__":
    print(doctest.testmod())
