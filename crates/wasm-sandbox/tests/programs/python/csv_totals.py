import csv
import io
from collections import defaultdict

DATA = """region,product,quantity,price
north,apple,10,0.5
south,apple,20,0.45
north,pear,5,0.8
east,"plum, dried",7,1.25
south,pear,,0.75
"""

totals = defaultdict(float)
skipped = []
for row in csv.DictReader(io.StringIO(DATA)):
    try:
        totals[row["region"]] += int(row["quantity"]) * float(row["price"])
    except ValueError as error:
        skipped.append((row["region"], str(error)))

for region, total in sorted(totals.items(), key=lambda item: -item[1]):
    print(f"{region:<8}{total:>10.2f}")
print("skipped:", skipped)
