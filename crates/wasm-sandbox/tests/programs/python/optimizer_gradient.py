import math
import random


def gradient_descent(f, x, rate=0.1, steps=200, h=1e-6):
    for _ in range(steps):
        x = [xi - rate * (f(x[:i] + [xi + h] + x[i + 1 :]) - f(x)) / h for i, xi in enumerate(x)]
    return x


x, y = gradient_descent(lambda p: (p[0] - 3) ** 2 + (p[1] + 1) ** 2, [0.0, 0.0])
print(round(x, 3), round(y, 3))


class Network:
    def __init__(self, rng):
        self.w1 = [[rng.uniform(-1, 1) for _ in range(3)] for _ in range(4)]
        self.w2 = [rng.uniform(-1, 1) for _ in range(5)]

    def forward(self, a, b):
        self.x = [a, b, 1]
        self.h = [math.tanh(sum(w * v for w, v in zip(row, self.x))) for row in self.w1] + [1]
        return 1 / (1 + math.exp(-sum(w * h for w, h in zip(self.w2, self.h))))

    def train(self, a, b, target, rate=0.5):
        out = self.forward(a, b)
        delta = out - target
        for i, row in enumerate(self.w1):
            back = delta * self.w2[i] * (1 - self.h[i] ** 2)
            for j in range(3):
                row[j] -= rate * back * self.x[j]
        self.w2 = [w - rate * delta * h for w, h in zip(self.w2, self.h)]
        return delta * delta


network = Network(random.Random(3))
table = [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)]
for _ in range(3000):
    for row in table:
        network.train(*row)
print([round(network.forward(a, b)) for a, b, _ in table])


def anneal(cities, seed=0):
    rng = random.Random(seed)
    length = lambda tour: sum(math.dist(cities[tour[i - 1]], cities[tour[i]]) for i in range(len(tour)))
    tour, heat = list(range(len(cities))), 10.0
    while heat > 0.01:
        i, j = sorted(rng.sample(range(len(tour)), 2))
        other = tour[:i] + tour[i : j + 1][::-1] + tour[j + 1 :]
        if length(other) < length(tour) or rng.random() < math.exp((length(tour) - length(other)) / heat):
            tour = other
        heat *= 0.995
    return length(tour)


square = [(0, 0), (4, 4), (0, 4), (4, 0), (2, 0), (2, 4)]
print(round(anneal(square), 2))
