class Heap {
  #items = [];
  get size() { return this.#items.length; }
  push(item) {
    this.#items.push(item);
    for (let i = this.size - 1, p; i && this.#items[(p = (i - 1) >> 1)].cost > this.#items[i].cost; i = p) [this.#items[i], this.#items[p]] = [this.#items[p], this.#items[i]];
  }
  pop() {
    const [top, last] = [this.#items[0], this.#items.pop()];
    if (this.size) {
      this.#items[0] = last;
      for (let i = 0, c; (c = 2 * i + 1) < this.size; i = c) {
        if (c + 1 < this.size && this.#items[c + 1].cost < this.#items[c].cost) c++;
        if (this.#items[i].cost <= this.#items[c].cost) break;
        [this.#items[i], this.#items[c]] = [this.#items[c], this.#items[i]];
      }
    }
    return top;
  }
}
const graph = { A: { B: 4, C: 2 }, B: { D: 5 }, C: { B: 1, D: 8 }, D: { E: 3 }, E: {} };
function shortest(from, to) {
  const heap = new Heap(), cost = { [from]: 0 }, via = {};
  heap.push({ node: from, cost: 0 });
  while (heap.size) {
    const { node, cost: c } = heap.pop();
    if (node === to) { const path = []; for (let at = to; at; at = via[at]) path.unshift(at); return { path, cost: c }; }
    for (const [next, weight] of Object.entries(graph[node])) if (c + weight < (cost[next] ?? Infinity)) { cost[next] = c + weight; via[next] = node; heap.push({ node: next, cost: c + weight }); }
  }
}
console.log(shortest("A", "E"));
