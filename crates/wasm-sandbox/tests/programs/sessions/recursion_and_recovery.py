# %%
def down(n):
    return down(n + 1)

down(0)
#! RecursionError
# %%
from functools import cache

@cache
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

fib(450) % 1000
#> 600
# %%
data = [0] * 10**9
#! MemoryError
# %%
sum(range(1000))
#> 499500
