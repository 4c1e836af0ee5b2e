from collections import OrderedDict


class Node:
    __slots__ = ("key", "value", "previous", "next")

    def __init__(self, key=None, value=None):
        self.key, self.value, self.previous, self.next = key, value, None, None


class LRUCache:
    def __init__(self, capacity):
        self.capacity, self.nodes = capacity, {}
        self.head, self.tail = Node(), Node()
        self.head.next, self.tail.previous = self.tail, self.head

    def _unlink(self, node):
        node.previous.next, node.next.previous = node.next, node.previous

    def _append(self, node):
        last = self.tail.previous
        last.next = self.tail.previous = node
        node.previous, node.next = last, self.tail

    def get(self, key):
        if key not in self.nodes:
            return -1
        node = self.nodes[key]
        self._unlink(node)
        self._append(node)
        return node.value

    def put(self, key, value):
        if key in self.nodes:
            self._unlink(self.nodes.pop(key))
        elif len(self.nodes) >= self.capacity:
            oldest = self.head.next
            self._unlink(oldest)
            del self.nodes[oldest.key]
        node = self.nodes[key] = Node(key, value)
        self._append(node)


class Simple(OrderedDict):
    def __init__(self, capacity):
        super().__init__()
        self.capacity = capacity

    def get(self, key):
        if key not in self:
            return -1
        self.move_to_end(key)
        return self[key]

    def put(self, key, value):
        self[key] = value
        self.move_to_end(key)
        if len(self) > self.capacity:
            self.popitem(last=False)


import random

random.seed(1)
one, two = LRUCache(50), Simple(50)
for _ in range(20000):
    key = random.randrange(100)
    if random.random() < 0.5:
        assert one.get(key) == two.get(key)
    else:
        one.put(key, _)
        two.put(key, _)
print(sorted(one.nodes) == sorted(two), len(two))
