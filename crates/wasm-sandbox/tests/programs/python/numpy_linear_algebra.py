import numpy as np

A = np.array([[4.0, 1, 2], [1, 3, 0], [2, 0, 5]])
b = np.array([1.0, 2, 3])
x = np.linalg.solve(A, b)
assert np.allclose(A @ x, b)
values, vectors = np.linalg.eigh(A)
assert np.allclose(vectors @ np.diag(values) @ vectors.T, A)
u, s, vt = np.linalg.svd(np.random.default_rng(0).normal(size=(5, 3)), full_matrices=False)
assert u.shape == (5, 3) and (np.diff(s) <= 0).all()
q, r = np.linalg.qr(A)
assert np.allclose(q @ r, A) and np.isclose(np.linalg.det(A), 43) and np.linalg.matrix_rank(A) == 3
assert np.allclose(np.linalg.inv(A) @ A, np.eye(3)) and np.allclose(np.linalg.cholesky(A) @ np.linalg.cholesky(A).T, A)
coefficients, *_ = np.linalg.lstsq(np.vander([0, 1, 2, 3], 2), np.array([1, 3, 5, 7]), rcond=None)
assert np.allclose(coefficients, [2, 1])
try:
    np.linalg.inv(np.zeros((2, 2)))
except np.linalg.LinAlgError as error:
    assert "Singular" in str(error)
else:
    raise AssertionError("a singular matrix has no inverse")
print("ok")
