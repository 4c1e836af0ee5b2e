import pandas as pd

raw = pd.DataFrame({
    "Name ": [" ada ", "BOB", None, "ada"],
    "Age": ["36", "unknown", "41", "36"],
    "Joined": ["2024-01-01", "bad date", "2023-05-06", "2024-01-01"],
    "Salary": ["$1,200.50", "$900", None, "$1,200.50"],
})
clean = raw.rename(columns=lambda c: c.strip().lower())
clean["name"] = clean["name"].str.strip().str.title()
clean["age"] = pd.to_numeric(clean["age"], errors="coerce")
clean["joined"] = pd.to_datetime(clean["joined"], errors="coerce")
clean["salary"] = clean["salary"].str.replace(r"[$,]", "", regex=True).astype(float)
clean = clean.drop_duplicates().dropna(subset=["name"]).reset_index(drop=True)
assert clean["name"].tolist() == ["Ada", "Bob"] and clean["salary"].sum() == 2100.5
assert clean["age"].isna().tolist() == [False, True] and pd.isna(clean["joined"][1])
clean["band"] = clean["salary"].apply(lambda s: "high" if s > 1000 else "low").astype("category")
assert list(clean["band"].cat.categories) == ["high", "low"]
assert clean.fillna({"age": clean["age"].median()})["age"].tolist() == [36.0, 36.0]
assert clean.isnull().any().sum() == 2 and clean.memory_usage(deep=True).sum() > 0
print("ok")
