import pandas as pd

people = pd.DataFrame({"id": [1, 2, 3], "name": ["Ada", "Bob", "Eve"], "team": ["x", "y", None]})
orders = pd.DataFrame({"person": [1, 1, 3, 9], "amount": [5.0, 7.5, 1.25, 3.0]})
left = people.merge(orders, left_on="id", right_on="person", how="left", indicator=True)
assert left["_merge"].value_counts()["left_only"] == 1 and len(left) == 4
total = left.groupby("name")["amount"].sum()
assert total.to_dict() == {"Ada": 12.5, "Bob": 0.0, "Eve": 1.25}
joined = pd.concat([people, pd.DataFrame([{"id": 4, "name": "Zed"}])], ignore_index=True)
assert joined["team"].isna().sum() == 2 and joined.duplicated("team").sum() == 1
joined["length"] = joined["name"].str.len()
joined["initial"] = joined["name"].apply(lambda name: name[0].lower())
melted = joined.melt(id_vars="name", value_vars=["length", "initial"])
assert len(melted) == 8 and joined["name"].str.contains("^[AE]").sum() == 2
wide = melted.pivot(index="name", columns="variable", values="value")
assert wide.loc["Zed", "initial"] == "z"
assert pd.cut(pd.Series([1, 5, 9]), bins=[0, 3, 6, 10], labels=["low", "mid", "high"]).tolist() == ["low", "mid", "high"]
print("ok")
