import csv
import sys

rows = [
    {"name": "Ada", "note": 'said "hi"', "score": 9.5},
    {"name": "Grace, H.", "note": "two\nlines", "score": 8},
]
writer = csv.DictWriter(sys.stdout, fieldnames=["name", "note", "score"], quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
writer.writeheader()
writer.writerows(rows)
print(csv.Sniffer().sniff("a;b;c\n1;2;3\n").delimiter)
