from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Iterator, TypeVar

T = TypeVar("T")


@dataclass
class Node(Generic[T]):
    value: T
    next: Node[T] | None = None


class LinkedList(Generic[T]):
    def __init__(self, *items: T) -> None:
        self.head: Node[T] | None = None
        for item in reversed(items):
            self.head = Node(item, self.head)

    def __iter__(self) -> Iterator[T]:
        node = self.head
        while node:
            yield node.value
            node = node.next

    def reverse(self) -> LinkedList[T]:
        previous, node = None, self.head
        while node:
            node.next, previous, node = previous, node, node.next
        self.head = previous
        return self

    def __repr__(self) -> str:
        return " -> ".join(map(repr, self)) or "empty"


class BST:
    def __init__(self):
        self.root = None

    def insert(self, key):
        def put(node):
            if node is None:
                return [key, None, None]
            side = 1 if key < node[0] else 2
            node[side] = put(node[side])
            return node

        self.root = put(self.root)
        return self

    def __contains__(self, key):
        node = self.root
        while node and node[0] != key:
            node = node[1 if key < node[0] else 2]
        return node is not None

    def __iter__(self):
        def walk(node):
            if node:
                yield from walk(node[1])
                yield node[0]
                yield from walk(node[2])

        return walk(self.root)

    def levels(self):
        level = [self.root] if self.root else []
        while level:
            yield [node[0] for node in level]
            level = [child for node in level for child in node[1:] if child]


print(LinkedList(1, 2, 3).reverse(), LinkedList(), Node(1, Node(2)))
tree = BST()
for key in [50, 30, 70, 20, 40, 60, 80]:
    tree.insert(key)
print(list(tree), 60 in tree, 65 in tree, list(tree.levels()))
