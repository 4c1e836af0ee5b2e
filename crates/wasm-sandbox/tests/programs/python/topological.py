from graphlib import CycleError, TopologicalSorter

tasks = {"deploy": {"test", "build"}, "test": {"build"}, "build": {"fetch"}, "fetch": set(), "docs": {"build"}}
order = list(TopologicalSorter(tasks).static_order())
print(order.index("fetch") < order.index("build") < order.index("test") < order.index("deploy"))
sorter = TopologicalSorter(tasks)
sorter.prepare()
rounds = []
while sorter.is_active():
    ready = sorted(sorter.get_ready())
    rounds.append(ready)
    sorter.done(*ready)
print(rounds)
try:
    list(TopologicalSorter({"a": {"b"}, "b": {"a"}}).static_order())
except CycleError as error:
    print(error.args[0], sorted(set(error.args[1])))


def kruskal(edges, nodes):
    parent = {node: node for node in nodes}

    def find(node):
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    tree = []
    for weight, a, b in sorted(edges):
        if (x := find(a)) != (y := find(b)):
            parent[x] = y
            tree.append((a, b, weight))
    return tree


print(kruskal([(4, "a", "b"), (1, "b", "c"), (3, "a", "c"), (7, "c", "d")], "abcd"))
