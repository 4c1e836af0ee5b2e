import numpy as np
import pandas as pd

index = pd.date_range("2024-01-01", periods=60, freq="D")
series = pd.Series(np.arange(60, dtype=float), index=index)
assert series.rolling(7).mean().iloc[6] == 3 and series.shift(1).isna().sum() == 1
weekly = series.resample("W").mean()
assert weekly.index[0] == pd.Timestamp("2024-01-07") and weekly.iloc[0] == 3
assert series["2024-02"].sum() == sum(range(31, 60)) and series.pct_change().iloc[2] == 1
assert pd.to_datetime(["03/04/2024"], dayfirst=True)[0].month == 4
local = pd.Timestamp("2024-07-01 12:00", tz="UTC").tz_convert("Europe/Berlin")
assert local.hour == 14 and (index[1] - index[0]).days == 1
assert index.to_period("M").nunique() == 2 and series.idxmax().day == 29
assert series.ewm(span=3).mean().iloc[-1] < 59 and series.cumsum().iloc[-1] == 1770
print("ok")
