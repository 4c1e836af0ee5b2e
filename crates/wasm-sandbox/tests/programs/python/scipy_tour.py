import numpy as np
from scipy import integrate, interpolate, linalg, optimize, signal, sparse, spatial, special, stats

area, error = integrate.quad(lambda x: np.exp(-x**2), -np.inf, np.inf)
assert np.isclose(area, np.sqrt(np.pi))
best = optimize.minimize(lambda p: (p[0] - 1) ** 2 + (p[1] + 2) ** 2, [0, 0])
assert best.success and np.allclose(best.x, [1, -2], atol=1e-4)
solution = integrate.solve_ivp(lambda t, y: -y, (0, 1), [1.0], rtol=1e-8)
assert np.isclose(solution.y[0, -1], np.exp(-1), atol=1e-6)
spline = interpolate.CubicSpline([0, 1, 2, 3], [0, 1, 4, 9])
assert np.isclose(spline(1.5), 2.25)
assert stats.ttest_ind([1, 2, 3, 4], [11, 12, 13, 14]).pvalue < 0.001
assert np.isclose(stats.norm.ppf(0.975), 1.959964, atol=1e-5) and np.isclose(special.gamma(5), 24)
matrix = sparse.csr_matrix(([1, 2, 3], ([0, 1, 2], [1, 2, 0])), shape=(3, 3))
assert matrix.toarray().sum() == 6 and (matrix @ np.ones(3)).tolist() == [1, 2, 3]
assert spatial.KDTree([[0, 0], [5, 5]]).query([4, 4])[1] == 1
assert signal.find_peaks([0, 1, 0, 2, 0])[0].tolist() == [1, 3]
assert np.allclose(linalg.expm(np.zeros((2, 2))), np.eye(2))
program = optimize.linprog([-1, -2], A_ub=[[1, 1], [1, 3]], b_ub=[4, 6])
assert np.isclose(program.fun, -5)
assert np.allclose(optimize.curve_fit(lambda x, a, b: a * x + b, [0, 1, 2], [1, 3, 5])[0], [2, 1])
print("ok")
