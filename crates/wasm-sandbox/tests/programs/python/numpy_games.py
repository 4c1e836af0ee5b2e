import numpy as np

# Life, random walks, a linear fit and a convolution, as vectors.
board = np.zeros((8, 8), dtype=int)
board[1, 2] = board[2, 3] = board[3, 1] = board[3, 2] = board[3, 3] = 1
for _ in range(4):
    neighbours = sum(np.roll(np.roll(board, dy, 0), dx, 1) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0))
    board = ((neighbours == 3) | ((board == 1) & (neighbours == 2))).astype(int)
assert board.sum() == 5 and board[4, 4] == 1
walks = np.cumsum(np.random.default_rng(5).choice([-1, 1], size=(200, 100)), axis=1)
assert walks.shape == (200, 100) and abs(walks[:, -1].mean()) < 3
x = np.linspace(0, 10, 30)
slope, intercept = np.polyfit(x, 3 * x - 2, 1)
assert np.isclose(slope, 3) and np.isclose(intercept, -2)
assert np.convolve([1, 2, 3], [0, 1, 0.5]).tolist() == [0, 1, 2.5, 4, 1.5]
assert np.histogram([1, 2, 2, 5], bins=[0, 2, 4, 6])[0].tolist() == [1, 2, 1]
assert np.einsum("ij,jk->ik", np.eye(2), np.ones((2, 3))).tolist() == [[1, 1, 1], [1, 1, 1]]
assert np.percentile([1, 2, 3, 4], 50) == 2.5 and np.median([3, 1, 2]) == 2 and np.clip([5, -5], 0, 3).tolist() == [3, 0]
a = np.arange(24).reshape(2, 3, 4)
assert a.transpose(2, 0, 1).shape == (4, 2, 3) and a[..., -1].tolist() == [[3, 7, 11], [15, 19, 23]]
assert np.array_split(np.arange(5), 2)[0].tolist() == [0, 1, 2] and np.tile([1, 2], 2).tolist() == [1, 2, 1, 2]
with np.errstate(divide="ignore"):
    assert np.isinf(np.array([1.0]) / 0).all()
try:
    np.ones(3) + np.ones(4)
except ValueError as error:
    assert "broadcast" in str(error)
assert np.datetime64("2024-03-01") - np.datetime64("2024-02-01") == np.timedelta64(29, "D")
print("ok")
