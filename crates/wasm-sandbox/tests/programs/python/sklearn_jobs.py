from sklearn.cluster import DBSCAN, KMeans
from sklearn.datasets import make_blobs
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier, export_text

X, y = make_blobs(120, centers=3, cluster_std=0.5, random_state=3)
labels = KMeans(3, n_init=4, random_state=0).fit_predict(X)
assert len(set(zip(labels.tolist(), y.tolist()))) == 3
assert len(set(DBSCAN(eps=1).fit_predict(X)) - {-1}) == 3
# Models write n_jobs=-1 out of habit: there are no more processors than one, and it must do.
assert RandomForestClassifier(10, n_jobs=-1, random_state=0).fit(X, y).score(X, y) == 1
assert KNeighborsClassifier(3, n_jobs=2).fit(X, y).score(X, y) == 1
tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)
assert "feature_0" in export_text(tree)
texts = ["the cat sat", "a cat sat down", "stock markets fell"]
similar = cosine_similarity(TfidfVectorizer().fit_transform(texts))
assert similar[0, 1] > similar[0, 2]
print("ok")
