import numpy as np
import pandas as pd

rng = np.random.default_rng(0)
frame = pd.DataFrame({
    "day": pd.date_range("2024-01-01", periods=90),
    "store": rng.choice(["A", "B", "C"], 90),
    "sales": rng.poisson(20, 90),
})
frame["month"] = frame["day"].dt.month_name()
frame["weekday"] = frame["day"].dt.dayofweek
summary = frame.groupby(["month", "store"], observed=True)["sales"].sum().unstack()
assert summary.shape == (3, 3) and summary.sum().sum() == frame["sales"].sum()
ranked = frame.assign(rank=frame.groupby("store")["sales"].rank(ascending=False))
assert ranked["rank"].min() >= 1
top = frame.nlargest(3, "sales")
assert (top["sales"].diff().dropna() <= 0).all()
assert frame.groupby("store")["sales"].transform("mean").round(6).nunique() == 3
corr = frame[["sales", "weekday"]].corr()
assert corr.loc["sales", "sales"] == 1
crossed = pd.crosstab(frame["store"], frame["weekday"] > 4)
assert crossed.values.sum() == 90
wide = frame.set_index(["store", "day"]).sort_index()
assert wide.loc["A"]["sales"].sum() == frame.loc[frame["store"] == "A", "sales"].sum()
frame.loc[frame["sales"] > 25, "level"] = "high"
frame["level"] = frame["level"].fillna("normal")
assert set(frame["level"]) <= {"high", "normal"} and frame["level"].value_counts().sum() == 90
assert frame.iloc[::30]["day"].dt.strftime("%m-%d").tolist() == ["01-01", "01-31", "03-01"]
assert frame.apply(lambda row: row["sales"] + row["weekday"], axis=1).sum() == frame["sales"].sum() + frame["weekday"].sum()
assert pd.Series(["a,b", "c"]).str.split(",").explode().tolist() == ["a", "b", "c"]
assert pd.Series([1, None, 3]).interpolate().tolist() == [1, 2, 3]
print("ok")
