from typing import List

Matrix = List[List[float]]


def multiply(a: Matrix, b: Matrix) -> Matrix:
    return [[sum(x * y for x, y in zip(row, column)) for column in zip(*b)] for row in a]


def determinant(m: Matrix) -> float:
    if len(m) == 1:
        return m[0][0]
    return sum((-1) ** c * m[0][c] * determinant([row[:c] + row[c + 1 :] for row in m[1:]]) for c in range(len(m)))


def inverse(m: Matrix) -> Matrix:
    n = len(m)
    work = [list(map(float, row)) + [float(i == j) for j in range(n)] for i, row in enumerate(m)]
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(work[r][i]))
        if work[pivot][i] == 0:
            raise ValueError("singular matrix")
        work[i], work[pivot] = work[pivot], work[i]
        work[i] = [x / work[i][i] for x in work[i]]
        for j in range(n):
            if j != i:
                work[j] = [x - work[j][i] * y for x, y in zip(work[j], work[i])]
    return [row[n:] for row in work]


a = [[2, 1, 0], [1, 3, 1], [0, 1, 4]]
print(multiply(a, a), determinant(a))
print([[round(x, 6) + 0 for x in row] for row in multiply(a, inverse(a))])
print(list(map(list, zip(*a))))
try:
    inverse([[1, 2], [2, 4]])
except ValueError as error:
    print(error)
