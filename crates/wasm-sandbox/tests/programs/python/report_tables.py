from collections import defaultdict
from operator import attrgetter, itemgetter

ROWS = [
    {"team": "red", "player": "Ana", "goals": 3, "ratio": 0.75},
    {"team": "blue", "player": "Ben", "goals": 5, "ratio": 0.5},
    {"team": "red", "player": "Cid", "goals": 1, "ratio": 1 / 3},
]


def table(rows, formats=None):
    formats = formats or {}
    names = list(rows[0])
    cells = [[format(row[name], formats.get(name, "")) for name in names] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *cells)]
    border = "+".join("-" * (width + 2) for width in widths).join("++")
    yield border
    yield "|" + "|".join(f" {name:^{width}} " for name, width in zip(names, widths)) + "|"
    yield border
    for row, line in zip(rows, cells):
        yield "|" + "|".join(f" {text:{'>' if isinstance(row[name], (int, float)) else '<'}{width}} " for name, text, width in zip(names, line, widths)) + "|"
    yield border


print("\n".join(table(sorted(ROWS, key=itemgetter("team", "player")), {"ratio": ".1%"})))
totals = defaultdict(lambda: [0, 0])
for row in ROWS:
    totals[row["team"]][0] += row["goals"]
    totals[row["team"]][1] += 1
for team, (goals, players) in sorted(totals.items()):
    print(f"{team!s:>6}: {goals:03d} goals, {goals / players:.2f} each {'*' * goals}")
print("{:>10.3e}|{:<10,}|{:^10}|{:+}|{:010.2f}|{!r:>5}|{:%}".format(12345.678, 1234567, "mid", 5, -3.14159, "s", 0.5))
