import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import mean_absolute_error, r2_score, roc_auc_score
from sklearn.model_selection import KFold, cross_val_score, train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

rng = np.random.default_rng(1)
frame = pd.DataFrame({"size": rng.uniform(30, 150, 120), "city": rng.choice(["x", "y"], 120)})
frame["price"] = frame["size"] * 10 + (frame["city"] == "x") * 200 + rng.normal(0, 5, 120)
frame.loc[::17, "size"] = np.nan
features = ColumnTransformer([
    ("numbers", Pipeline([("fill", SimpleImputer()), ("scale", StandardScaler())]), ["size"]),
    ("words", OneHotEncoder(handle_unknown="ignore"), ["city"]),
])
model = Pipeline([("features", features), ("model", GradientBoostingRegressor(n_estimators=60, random_state=0))])
train, test = train_test_split(frame.dropna(), random_state=0)
model.fit(train[["size", "city"]], train["price"])
guess = model.predict(test[["size", "city"]])
assert r2_score(test["price"], guess) > 0.9 and mean_absolute_error(test["price"], guess) < 60
X = rng.normal(size=(80, 2))
y = (X[:, 0] + X[:, 1] > 0).astype(int)
assert cross_val_score(SVC(), X, y, cv=KFold(4)).mean() > 0.8
assert roc_auc_score(y, GaussianNB().fit(X, y).predict_proba(X)[:, 1]) > 0.9
import pickle
assert (pickle.loads(pickle.dumps(model)).predict(test[["size", "city"]]) == guess).all()
print("ok")
