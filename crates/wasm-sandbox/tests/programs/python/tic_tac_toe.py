from functools import lru_cache

LINES = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]


def winner(board):
    return next((board[a] for a, b, c in LINES if board[a] != " " and board[a] == board[b] == board[c]), None)


@lru_cache(None)
def best(board, player):
    other = "O" if player == "X" else "X"
    won = winner(board)
    if won:
        return (1 if won == player else -1), None
    moves = [i for i, cell in enumerate(board) if cell == " "]
    if not moves:
        return 0, None
    return max(((-best(board[:i] + player + board[i + 1 :], other)[0], -i) for i in moves))


board, player, moves = " " * 9, "X", []
while not winner(board) and " " in board:
    score, move = best(board, player)
    move = -move
    moves.append(move)
    board = board[:move] + player + board[move + 1 :]
    player = "O" if player == "X" else "X"
print(moves, winner(board), best.cache_info().currsize)
print("\n-+-+-\n".join("|".join(board[r : r + 3]) for r in (0, 3, 6)))
