# %%
x = 10
# %%
if x > 5 print(x)
#! SyntaxError
# %%
def f():
return 1
#! IndentationError
# %%
for i in range(3):
    if i == 1:
        continue
    print(i, x)
#> 0 10
#> 2 10
# %%
print("no closing
#! SyntaxError
# %%
x += 1; x
#> 11
