# %%
def naturals():
    n = 0
    while True:
        n += 1
        yield n

numbers = naturals()
next(numbers)
#> 1
# %%
[next(numbers) for _ in range(3)]
#> [2, 3, 4]
# %%
1 / 0
#! ZeroDivisionError
# %%
next(numbers)
#> 5
