import csv
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

path = Path("/tmp/orders.csv")
path.write_text("id,when,amount,status\n1,2024-01-05,10.5,paid\n2,2024-01-20,abc,paid\n3,2024-02-01,7,open\n4,2024-02-11,3.25,paid\n")
monthly, errors, statuses = defaultdict(float), [], Counter()
with path.open(newline="") as file:
    for number, row in enumerate(csv.DictReader(file), start=2):
        statuses[row["status"]] += 1
        try:
            amount = float(row["amount"])
        except ValueError:
            errors.append(f"line {number}: bad amount {row['amount']!r}")
            continue
        if row["status"] == "paid":
            monthly[datetime.strptime(row["when"], "%Y-%m-%d").strftime("%Y-%m")] += amount
print(dict(monthly), errors, statuses.most_common(1))
with open("/tmp/summary.csv", "w", newline="") as file:
    csv.writer(file).writerows([("month", "total"), *sorted(monthly.items())])
print(Path("/tmp/summary.csv").read_bytes())
