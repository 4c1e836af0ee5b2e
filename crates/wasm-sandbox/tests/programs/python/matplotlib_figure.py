import io

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

fig = plt.figure(figsize=(4, 3))
ax = fig.add_subplot(projection="3d")
x, y = np.meshgrid(np.linspace(-2, 2, 10), np.linspace(-2, 2, 10))
ax.plot_surface(x, y, np.exp(-(x**2) - y**2), cmap="coolwarm")
buffer = io.BytesIO()
fig.savefig(buffer, format="png")
assert buffer.getvalue().startswith(b"\x89PNG")
frame = pd.DataFrame({"a": [1, 3, 2], "b": [2, 2, 4]}, index=pd.date_range("2024-01-01", periods=3))
axis = frame.plot(title="lines", grid=True)
axis.set_xlabel("day")
axis.annotate("peak", xy=(frame.index[1], 3))
axis.twinx().fill_between(frame.index, frame["b"], alpha=0.2)
plt.savefig("lines.png", bbox_inches="tight")
image = plt.imread("lines.png")
assert image.ndim == 3 and image.shape[2] in (3, 4)
with plt.style.context("ggplot"):
    heat, axes = plt.subplots()
    bar = heat.colorbar(axes.imshow(np.eye(4)))
    bar.set_label("value")
    heat.savefig("heat.svg")
assert "<svg" in open("heat.svg").read()
plt.close("all")
print("ok")
