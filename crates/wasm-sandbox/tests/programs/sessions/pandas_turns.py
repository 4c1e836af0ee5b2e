# %%
import pandas as pd
frame = pd.DataFrame({"city": ["Rome", "Oslo", "Rome"], "sales": [3, 5, 4]})
frame.shape
#> (3, 2)
# %%
frame["profit"]
#! KeyError
# %%
frame["profit"] = frame["sales"] * 0.1
frame.groupby("city")["profit"].sum().round(2).to_dict()
#> {'Oslo': 0.5, 'Rome': 0.7}
# %%
print(frame.to_string(index=False))
#> city  sales  profit
#> Rome      3     0.3
#> Oslo      5     0.5
#> Rome      4     0.4
# %%
import matplotlib.pyplot as plt
frame.plot.bar(x="city", y="sales")
plt.savefig("sales.png")
import os
os.path.getsize("sales.png") > 1000
#> True
