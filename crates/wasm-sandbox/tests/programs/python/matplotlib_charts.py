import io
import os
import matplotlib
import matplotlib.pyplot as plt
import numpy as np

x = np.linspace(0, 10, 50)
figure, axes = plt.subplots(2, 2, figsize=(8, 6))
axes[0, 0].plot(x, np.sin(x), "r--", label=r"$\sin(x)$")
axes[0, 0].legend()
axes[0, 1].scatter(x, x**2, c=x, cmap="viridis")
axes[1, 0].bar(["a", "b", "c"], [3, 1, 2])
axes[1, 0].set_title("bars")
axes[1, 1].hist(np.random.default_rng(0).normal(size=200), bins=20, alpha=0.7)
figure.suptitle("Overview")
plt.tight_layout()
plt.savefig("/tmp/plot.png", dpi=60)
assert open("/tmp/plot.png", "rb").read(8) == b"\x89PNG\r\n\x1a\n"
for kind, start in [("svg", b"<?xml"), ("pdf", b"%PDF")]:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind)
    assert buffer.getvalue().startswith(start), kind
plt.show()
plt.close("all")
figure, axis = plt.subplots()
axis.pie([30, 70], labels=["x", "y"], autopct="%1.0f%%")
figure.savefig("/tmp/pie.png")
assert os.path.getsize("/tmp/pie.png") > 1000 and matplotlib.get_backend().lower() == "agg"
print("ok")
