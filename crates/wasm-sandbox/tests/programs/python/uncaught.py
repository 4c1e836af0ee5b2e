# exit 1
import sys


def parse(rows):
    return [int(row) for row in rows]


print("before")
sys.stdout.flush()
parse(["1", "two"])
