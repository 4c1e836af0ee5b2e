// %%
const edges = [["A", "B", 4], ["A", "C", 2], ["C", "B", 1], ["B", "D", 5], ["C", "D", 8], ["D", "E", 3]];
const graph = new Map();
for (const [from, to, cost] of edges) {
  if (!graph.has(from)) graph.set(from, []);
  graph.get(from).push({ to, cost });
}
graph.get("A")
//> [ { to: 'B', cost: 4 }, { to: 'C', cost: 2 } ]
// %%
function dijkstra(start) {
  const distance = { [start]: 0 }, previous = {}, open = new Set([start]);
  while (open.size) {
    const node = [...open].reduce((a, b) => (distance[a] <= distance[b] ? a : b));
    open.delete(node);
    for (const { to, cost } of graph.get(node)) {
      const candidate = distance[node] + cost;
      if (candidate < (distance[to] ?? Infinity)) {
        distance[to] = candidate;
        previous[to] = node;
        open.add(to);
      }
    }
  }
  return { distance, previous };
}
dijkstra("A")
//! TypeError
// %%
function dijkstra(start) {
  const distance = { [start]: 0 }, previous = {}, open = new Set([start]);
  while (open.size) {
    const node = [...open].reduce((a, b) => (distance[a] <= distance[b] ? a : b));
    open.delete(node);
    for (const { to, cost } of graph.get(node) ?? []) {
      const candidate = distance[node] + cost;
      if (candidate < (distance[to] ?? Infinity)) {
        distance[to] = candidate;
        previous[to] = node;
        open.add(to);
      }
    }
  }
  return { distance, previous };
}
const { distance, previous } = dijkstra("A");
distance
//> { A: 0, B: 3, C: 2, D: 8, E: 11 }
// %%
const path = (to) => (previous[to] ? [...path(previous[to]), to] : [to]);
path("E").join(" -> ")
//> 'A -> C -> B -> D -> E'
// %%
label: for (const [from, list] of graph) {
  for (const { to, cost } of list) if (cost > 4) { console.log("first heavy edge", from, to); break label; }
}
//> first heavy edge C D
// %%
function* walk(node, depth = 0) {
  yield "  ".repeat(depth) + node;
  for (const { to } of graph.get(node) ?? []) yield* walk(to, depth + 1);
}
[...walk("B")].length
//> 3
// %%
const walker = walk("D");
[walker.next(), walker.next().value.trim(), walker.next()]
//> [ { value: 'D', done: false }, 'E', { value: undefined, done: true } ]
