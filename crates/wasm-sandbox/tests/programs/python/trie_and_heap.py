import heapq
from collections import defaultdict


class Trie:
    def __init__(self):
        self.root = {}

    def insert(self, word):
        node = self.root
        for letter in word:
            node = node.setdefault(letter, {})
        node["$"] = word

    def search(self, prefix):
        node = self.root
        for letter in prefix:
            if letter not in node:
                return []
            node = node[letter]
        found, stack = [], [node]
        while stack:
            for key, child in stack.pop().items():
                found.append(child) if key == "$" else stack.append(child)
        return sorted(found)


class MedianFinder:
    def __init__(self):
        self.low, self.high = [], []

    def add(self, value):
        heapq.heappush(self.low, -heapq.heappushpop(self.high, value))
        if len(self.low) > len(self.high):
            heapq.heappush(self.high, -heapq.heappop(self.low))

    @property
    def median(self):
        return self.high[0] if len(self.high) > len(self.low) else (self.high[0] - self.low[0]) / 2


trie = Trie()
for word in "car card care cat dog do".split():
    trie.insert(word)
print(trie.search("car"), trie.search("x"), trie.search("do"))
finder = MedianFinder()
medians = []
for value in [5, 15, 1, 3, 8]:
    finder.add(value)
    medians.append(finder.median)
print(medians)
groups = defaultdict(list)
for word in ["eat", "tea", "tan", "ate", "nat", "bat"]:
    groups["".join(sorted(word))].append(word)
print(list(groups.values()))
