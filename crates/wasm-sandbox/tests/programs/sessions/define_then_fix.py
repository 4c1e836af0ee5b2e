# %%
def parse(line):
    name, value = line.split("=")
    return name, int(value)

parse("a=1")
#> ('a', 1)
# %%
[parse(line) for line in ["a=1", "b"]]
#! ValueError
# %%
def parse(line):
    name, _, value = line.partition("=")
    return name.strip(), int(value or 0)

[parse(line) for line in ["a=1", "b", " c = 3"]]
#> [('a', 1), ('b', 0), ('c', 3)]
# %%
undefined_name
#! NameError
# %%
_
#> [('a', 1), ('b', 0), ('c', 3)]
