type Graph = Map<string, Map<string, number>>;
const graph: Graph = new Map();
const connect = (a: string, b: string, cost: number): void => {
  for (const [from, to] of [[a, b], [b, a]] as const) {
    if (!graph.has(from)) graph.set(from, new Map());
    graph.get(from)!.set(to, cost);
  }
};
([["A", "B", 4], ["A", "C", 2], ["C", "B", 1], ["B", "D", 5], ["C", "D", 8]] as [string, string, number][]).forEach((edge) => connect(...edge));
function shortest(start: string): Record<string, { cost: number; via?: string }> {
  const best: Record<string, { cost: number; via?: string }> = { [start]: { cost: 0 } };
  const open = new Set<string>([start]);
  while (open.size > 0) {
    const current = [...open].reduce((a, b) => (best[a].cost <= best[b].cost ? a : b));
    open.delete(current);
    for (const [next, cost] of graph.get(current) ?? []) {
      const total = best[current].cost + cost;
      if (total < (best[next]?.cost ?? Infinity)) { best[next] = { cost: total, via: current }; open.add(next); }
    }
  }
  return best;
}
console.log(shortest("A"));
