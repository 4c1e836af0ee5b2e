import numpy as np
from sklearn.datasets import load_iris, make_classification, make_regression
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, classification_report, confusion_matrix, mean_squared_error
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X, y = load_iris(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(X_train, y_train)
assert accuracy_score(y_test, model.predict(X_test)) > 0.9
assert confusion_matrix(y_test, model.predict(X_test)).shape == (3, 3)
assert "precision" in classification_report(y_test, model.predict(X_test))
forest = RandomForestClassifier(n_estimators=20, random_state=0).fit(X_train, y_train)
assert forest.score(X_test, y_test) > 0.9 and forest.feature_importances_.sum().round(6) == 1
assert PCA(2).fit(X).explained_variance_ratio_.sum() > 0.95
A, b = make_regression(100, 3, noise=0.1, random_state=0)
assert mean_squared_error(b, LinearRegression().fit(A, b).predict(A)) < 0.1
assert cross_val_score(LogisticRegression(max_iter=500), X, y, cv=3).mean() > 0.9
search = GridSearchCV(LogisticRegression(max_iter=500), {"C": [0.1, 1]}, cv=3).fit(X, y)
assert search.best_params_["C"] in (0.1, 1)
print("ok")
