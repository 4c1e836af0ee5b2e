class TrieNode { children: Record<string, TrieNode> = {}; end = false; }
export class Trie {
  private root = new TrieNode();
  insert(word: string): void {
    let node = this.root;
    for (const letter of word) node = node.children[letter] ??= new TrieNode();
    node.end = true;
  }
  *words(prefix = ""): Generator<string> {
    let node: TrieNode | undefined = this.root;
    for (const letter of prefix) if (!(node = node?.children[letter])) return;
    yield* this.walk(node!, prefix);
  }
  private *walk(node: TrieNode, word: string): Generator<string> {
    if (node.end) yield word;
    for (const [letter, child] of Object.entries(node.children).sort()) yield* this.walk(child, word + letter);
  }
}
const trie = new Trie();
for (const word of "car card care cat dog do".split(" ")) trie.insert(word);
console.log([...trie.words("car")], [...trie.words("x")], [...trie.words()].length);
