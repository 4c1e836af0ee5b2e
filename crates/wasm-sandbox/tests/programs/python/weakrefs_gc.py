import gc
import weakref


class Node:
    alive = 0

    def __init__(self, name):
        self.name, self.others = name, []
        Node.alive += 1

    def __del__(self):
        Node.alive -= 1


a, b = Node("a"), Node("b")
a.others.append(b)
b.others.append(a)
reference = weakref.ref(a)
finalizer = weakref.finalize(b, print, "b is gone")
cache = weakref.WeakValueDictionary(a=a)
print(reference().name, "a" in cache, Node.alive)
del a, b
print(gc.collect() > 0, reference(), len(cache), Node.alive)
print(finalizer.alive)
