import io
import os
import numpy as np

data = np.random.default_rng(1).random((20, 3))
np.save("/tmp/data.npy", data)
np.savez_compressed("/tmp/data.npz", x=data, y=np.arange(3))
np.savetxt("/tmp/data.csv", data, delimiter=",", header="a,b,c", comments="")
assert np.array_equal(np.load("/tmp/data.npy"), data)
with np.load("/tmp/data.npz") as archive:
    assert sorted(archive.files) == ["x", "y"] and np.array_equal(archive["x"], data)
assert np.allclose(np.loadtxt("/tmp/data.csv", delimiter=",", skiprows=1), data)
table = np.genfromtxt(io.StringIO("name,score\nada,9.5\nbob,\n"), delimiter=",", names=True, dtype=None, encoding="utf-8")
assert table["score"][0] == 9.5 and np.isnan(table["score"][1])
assert os.path.getsize("/tmp/data.npy") > 480
raw = open("/tmp/data.npy", "rb").read()
assert raw[1:6] == b"NUMPY"
print("ok")
