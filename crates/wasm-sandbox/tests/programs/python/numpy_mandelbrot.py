import numpy as np

y, x = np.mgrid[-1.2:1.2:24j, -2:0.6:60j]
c = x + 1j * y
z = np.zeros_like(c)
steps = np.full(c.shape, 30)
for step in range(30):
    inside = np.abs(z) <= 2
    z[inside] = z[inside] ** 2 + c[inside]
    steps[inside & (np.abs(z) > 2)] = step
art = ["".join(" .:-=+*#%@"[min(9, n // 3)] for n in row) for row in steps]
assert art[12].count("@") > 10 and art[0].strip(" .:") == ""
assert (steps == np.flipud(steps)).mean() > 0.95
print("ok")
