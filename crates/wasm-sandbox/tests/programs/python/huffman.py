import heapq
from collections import Counter
from itertools import count


def codes(text):
    order = count()
    heap = [(n, next(order), letter) for letter, n in sorted(Counter(text).items())]
    heapq.heapify(heap)
    while len(heap) > 1:
        a, _, left = heapq.heappop(heap)
        b, _, right = heapq.heappop(heap)
        heapq.heappush(heap, (a + b, next(order), (left, right)))
    table = {}

    def walk(node, prefix=""):
        if isinstance(node, str):
            table[node] = prefix or "0"
        else:
            walk(node[0], prefix + "0")
            walk(node[1], prefix + "1")

    walk(heap[0][2])
    return table


def decode(bits, table):
    reverse, out, current = {code: letter for letter, code in table.items()}, [], ""
    for bit in bits:
        current += bit
        if current in reverse:
            out.append(reverse[current])
            current = ""
    return "".join(out)


text = "abracadabra alakazam"
table = codes(text)
bits = "".join(table[letter] for letter in text)
print(table["a"], len(bits), decode(bits, table) == text)
