import heapq
from collections import defaultdict, deque

EDGES = [("A", "B", 4), ("A", "C", 2), ("C", "B", 1), ("B", "D", 5), ("C", "D", 8), ("D", "E", 3), ("F", "G", 1)]
graph = defaultdict(dict)
for start, end, weight in EDGES:
    graph[start][end] = graph[end][start] = weight


def bfs(start, goal):
    queue, parents = deque([start]), {start: None}
    while queue:
        node = queue.popleft()
        if node == goal:
            path = []
            while node is not None:
                path.append(node)
                node = parents[node]
            return path[::-1]
        for neighbour in sorted(graph[node]):
            if neighbour not in parents:
                parents[neighbour] = node
                queue.append(neighbour)


def dijkstra(start):
    distances, queue = {start: 0}, [(0, start)]
    while queue:
        distance, node = heapq.heappop(queue)
        if distance > distances[node]:
            continue
        for neighbour, weight in graph[node].items():
            if (candidate := distance + weight) < distances.get(neighbour, float("inf")):
                distances[neighbour] = candidate
                heapq.heappush(queue, (candidate, neighbour))
    return distances


def components():
    seen = set()
    for node in sorted(graph):
        if node not in seen:
            stack, part = [node], set()
            while stack:
                current = stack.pop()
                if current not in part:
                    part.add(current)
                    stack.extend(graph[current])
            seen |= part
            yield sorted(part)


print(bfs("A", "E"), bfs("A", "G"))
print(dijkstra("A"))
print(list(components()))
