import itertools as it
import operator

print(list(it.accumulate([1, 2, 3, 4], operator.mul)))
print([(key, len(list(group))) for key, group in it.groupby("aaabbc")])
print(list(it.combinations("abcd", 2))[:4], len(list(it.permutations(range(5)))))
print(list(it.product([0, 1], repeat=2)), list(it.chain.from_iterable([[1], [2, 3]])))
print(list(it.zip_longest("ab", "xyz", fillvalue="-")), list(it.pairwise([1, 2, 4, 7])))
print(list(it.takewhile(lambda x: x < 3, it.count())), list(it.starmap(pow, [(2, 3), (3, 2)])))
print([list(batch) for batch in it.batched(range(7), 3)])
first, second = it.tee(iter([1, 2, 3]))
print(list(first), sum(second), list(it.compress("abc", [1, 0, 1])))
print(list(it.islice(it.cycle("xy"), 5)), list(it.filterfalse(str.isdigit, "a1b2")))
