# %%
with open("notes.txt", "w") as file:
    file.write("one\ntwo\n")
# %%
open("missing.txt")
#! FileNotFoundError
# %%
with open("notes.txt", "a") as file:
    print("three", file=file)
[line.strip() for line in open("notes.txt")]
#> ['one', 'two', 'three']
# %%
import os
sorted(os.listdir("."))
#> ['notes.txt']
