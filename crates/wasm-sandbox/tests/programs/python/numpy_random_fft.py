import numpy as np

rng = np.random.default_rng(42)
sample = rng.normal(10, 2, 10_000)
assert abs(sample.mean() - 10) < 0.1 and abs(sample.std() - 2) < 0.1
assert rng.integers(0, 10, 1000).max() == 9 and set(rng.choice(["a", "b"], 50)) == {"a", "b"}
np.random.seed(0)
assert np.round(np.random.rand(3), 4).tolist() == [0.5488, 0.7152, 0.6028]
time = np.arange(0, 1, 1 / 500)
signal = np.sin(2 * np.pi * 50 * time) + 0.5 * np.sin(2 * np.pi * 120 * time)
spectrum = np.abs(np.fft.rfft(signal))
peaks = np.fft.rfftfreq(len(time), 1 / 500)[np.argsort(spectrum)[-2:]]
assert sorted(peaks.tolist()) == [50.0, 120.0]
assert np.allclose(np.fft.ifft(np.fft.fft(signal)).real, signal)
print("ok")
