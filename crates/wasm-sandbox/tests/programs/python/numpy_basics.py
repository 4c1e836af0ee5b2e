import numpy as np

a = np.arange(12).reshape(3, 4)
assert a.T.shape == (4, 3) and a.sum(axis=0).tolist() == [12, 15, 18, 21]
assert a[a % 2 == 0].tolist() == [0, 2, 4, 6, 8, 10] and a[:, 1:3].mean() == 5.5
b = np.linspace(0, 1, 5)
assert np.allclose(np.cumsum(b), [0, 0.25, 0.75, 1.5, 2.5])
assert (np.where(b > 0.5, 1, 0) == [0, 0, 0, 1, 1]).all()
assert np.array_equal(np.concatenate([[1, 2], [3]]), [1, 2, 3]) and np.stack([b, b]).shape == (2, 5)
assert np.unique([3, 1, 3, 2], return_counts=True)[1].tolist() == [1, 1, 2]
assert np.argsort([3, 1, 2]).tolist() == [1, 2, 0] and np.dot([1, 2], [3, 4]) == 11
a = a.astype(float)
a[1, 1] = np.nan
assert np.isnan(a).sum() == 1 and np.nanmax(a) == 11
rows, columns = np.meshgrid([1, 2], [3, 4, 5], indexing="ij")
assert (rows * columns).tolist() == [[3, 4, 5], [6, 8, 10]]
records = np.array([(1, "a"), (2, "b")], dtype=[("id", "i4"), ("name", "U10")])
assert records["name"].tolist() == ["a", "b"]
print("ok")
