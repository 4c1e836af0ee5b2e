import numpy as np
from scipy import cluster, fft, ndimage, optimize, signal, sparse, spatial, stats
from scipy.sparse.linalg import spsolve

b, a = signal.butter(3, 0.2)
noisy = np.sin(np.linspace(0, 20, 200)) + np.random.default_rng(0).normal(0, 0.2, 200)
assert np.std(np.diff(signal.filtfilt(b, a, noisy))) < np.std(np.diff(noisy))
assert ndimage.gaussian_filter(np.eye(5), 1).sum().round(3) > 4
assert ndimage.label([[1, 0, 1], [1, 0, 0]])[1] == 2
matrix = sparse.diags([[-1.0] * 4, [2.0] * 5, [-1.0] * 4], [-1, 0, 1], format="csc")
assert np.allclose(matrix @ spsolve(matrix, np.ones(5)), 1)
assert np.allclose(fft.dct(fft.idct([1.0, 2, 3])), [1, 2, 3])
hull = spatial.ConvexHull([[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5]])
assert np.isclose(hull.volume, 1) and spatial.distance.cdist([[0, 0]], [[3, 4]])[0, 0] == 5
tree = cluster.hierarchy.linkage([[0.0], [0.1], [5.0]], "single")
assert cluster.hierarchy.fcluster(tree, 1, "distance").max() == 2
assert np.isclose(optimize.root_scalar(lambda x: x**3 - 8, bracket=[0, 5]).root, 2)
assert stats.chi2_contingency([[10, 20], [20, 10]]).pvalue < 0.05 and np.isclose(stats.pearsonr([1, 2, 3], [2, 4, 6])[0], 1)
assert stats.shapiro(stats.norm.rvs(size=50, random_state=1)).pvalue > 0.01
assert optimize.linear_sum_assignment([[4, 1], [2, 3]])[1].tolist() == [1, 0]
print("ok")
