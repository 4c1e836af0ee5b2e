import string
from collections import Counter

TEXT = """It was the best of times, it was the worst of times, it was the age of wisdom,
it was the age of foolishness, it was the epoch of belief..."""

words = TEXT.lower().translate(str.maketrans("", "", string.punctuation)).split()
counts = Counter(words)
width = max(map(len, counts))
for word, count in counts.most_common(5):
    print(f"{word:>{width}} {'#' * count} {count}")
print(len(words), len(counts), sorted(word for word, count in counts.items() if count == 1))
