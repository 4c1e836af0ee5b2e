from collections import Counter


def instant_runoff(ballots):
    rounds = []
    ballots = [list(ballot) for ballot in ballots]
    while True:
        counts = Counter(ballot[0] for ballot in ballots if ballot)
        rounds.append(dict(sorted(counts.items())))
        winner, votes = max(counts.items(), key=lambda item: (item[1], item[0]))
        if votes * 2 > sum(counts.values()):
            return winner, rounds
        loser = min(counts, key=lambda name: (counts[name], name))
        ballots = [[name for name in ballot if name != loser] for ballot in ballots]


print(instant_runoff(["ABC", "ABC", "BCA", "CBA", "CBA"]))


def apportion(votes, seats):
    total = {party: 0 for party in votes}
    for _ in range(seats):
        best = max(votes, key=lambda party: votes[party] / (total[party] + 1))
        total[best] += 1
    return total


print(apportion({"red": 100_000, "blue": 80_000, "green": 30_000, "gold": 20_000}, 8))
