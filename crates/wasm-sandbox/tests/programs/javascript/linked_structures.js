class Node { constructor(value, next = null) { this.value = value; this.next = next; } }
class LinkedList {
  #head = null; #size = 0;
  static from(items) { const list = new LinkedList(); for (const x of items) list.append(x); return list; }
  append(value) { let at = this.#head; if (!at) this.#head = new Node(value); else { while (at.next) at = at.next; at.next = new Node(value); } this.#size++; return this; }
  reverse() { let previous = null; for (let at = this.#head; at; ) [at.next, previous, at] = [previous, at, at.next]; this.#head = previous; return this; }
  remove(value) { if (this.#head?.value === value) this.#head = this.#head.next; else for (let at = this.#head; at?.next; at = at.next) if (at.next.value === value) { at.next = at.next.next; break; } return this; }
  *[Symbol.iterator]() { for (let at = this.#head; at; at = at.next) yield at.value; }
  get size() { return this.#size; }
}
const list = LinkedList.from([1, 2, 3, 4]);
console.log([...list.reverse()], [...list.remove(3)], list.size);
class Tree {
  constructor() { this.root = null; }
  insert(value) { const put = (node) => (!node ? { value, left: null, right: null } : value < node.value ? { ...node, left: put(node.left) } : { ...node, right: put(node.right) }); this.root = put(this.root); return this; }
  *inOrder(node = this.root) { if (node) { yield* this.inOrder(node.left); yield node.value; yield* this.inOrder(node.right); } }
  depth(node = this.root) { return node ? 1 + Math.max(this.depth(node.left), this.depth(node.right)) : 0; }
}
const tree = [50, 30, 70, 20, 40, 60, 80].reduce((t, v) => t.insert(v), new Tree());
console.log([...tree.inOrder()], tree.depth(), tree.root.left);
