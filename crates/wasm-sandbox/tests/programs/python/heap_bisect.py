import bisect
import heapq

events = [(5, "write"), (1, "wake"), (3, "eat")]
heapq.heapify(events)
heapq.heappush(events, (2, "wash"))
print([heapq.heappop(events)[1] for _ in range(len(events))])
print(heapq.nlargest(2, [3, 9, 4], key=lambda x: -x), list(heapq.merge([1, 4], [2, 3])))


def grade(score, breakpoints=(60, 70, 80, 90), grades="FDCBA"):
    return grades[bisect.bisect(breakpoints, score)]


print([grade(score) for score in (33, 99, 77, 70, 89, 90)])
ordered = []
for value in [5, 1, 4, 2, 3]:
    bisect.insort(ordered, value)
print(ordered, bisect.bisect_left(ordered, 3))
