import io
import pandas as pd

CSV = """date,region,product,units,price
2024-01-05,north,apple,10,0.5
2024-01-20,south,apple,15,0.4
2024-02-03,north,pear,7,0.9
2024-02-14,south,pear,,0.8
2024-03-01,north,apple,12,0.55
"""
sales = pd.read_csv(io.StringIO(CSV), parse_dates=["date"])
assert sales["units"].isna().sum() == 1 and str(sales["date"].dtype).startswith("datetime64")
sales["units"] = sales["units"].fillna(0).astype(int)
sales["revenue"] = sales["units"] * sales["price"]
by_region = sales.groupby("region")["revenue"].agg(["sum", "mean", "count"]).round(2)
assert by_region.loc["north", "sum"] == 17.9 and by_region.loc["south", "count"] == 2
pivot = sales.pivot_table(index="product", columns="region", values="units", aggfunc="sum", fill_value=0)
assert pivot.loc["apple", "north"] == 22
monthly = sales.set_index("date")["revenue"].resample("MS").sum()
assert monthly.round(2).tolist() == [11.0, 6.3, 6.6]
top = sales.sort_values("revenue", ascending=False).head(2)["product"].tolist()
assert top == ["apple", "pear"]
assert sales.query("units > 9 and region == 'north'").shape == (2, 6)
print(by_region.to_string())
