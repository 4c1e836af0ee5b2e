def queens(n, row=0, columns=frozenset(), up=frozenset(), down=frozenset()):
    if row == n:
        return 1
    return sum(
        queens(n, row + 1, columns | {c}, up | {row + c}, down | {row - c})
        for c in range(n)
        if c not in columns and row + c not in up and row - c not in down
    )


PUZZLE = "530070000600195000098000060800060003400803001700020006060000280000419005000080079"


def solve(board):
    try:
        at = board.index("0")
    except ValueError:
        return board
    r, c = divmod(at, 9)
    used = {board[i] for i in range(81) if i // 9 == r or i % 9 == c or (i // 27 == at // 27 and i % 9 // 3 == c // 3)}
    for digit in "123456789":
        if digit not in used and (found := solve(board[:at] + digit + board[at + 1 :])):
            return found
    return None


print(queens(6), queens(7))
solution = solve(PUZZLE)
for r in range(9):
    print(solution[9 * r : 9 * r + 9])
