def spiral(matrix):
    out = []
    while matrix:
        out += matrix[0]
        matrix = [list(row) for row in zip(*matrix[1:])][::-1]
    return out


def rotate(matrix):
    return [list(row)[::-1] for row in zip(*matrix)]


def pascal(rows):
    row = [1]
    for _ in range(rows):
        yield row
        row = [a + b for a, b in zip([0] + row, row + [0])]


grid = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
print(spiral(grid), rotate(grid))
for row in pascal(6):
    print(" ".join(map(str, row)).center(20).rstrip())
magic = [[2, 7, 6], [9, 5, 1], [4, 3, 8]]
print({sum(row) for row in magic} | {sum(column) for column in zip(*magic)} | {sum(magic[i][i] for i in range(3))})
