import difflib
import fnmatch
import glob
import textwrap

before = "the quick brown fox\njumps over\nthe lazy dog".splitlines()
after = "the quick red fox\njumps over\nthe very lazy dog\nagain".splitlines()
print("\n".join(difflib.unified_diff(before, after, "a", "b", lineterm="")))
print(difflib.get_close_matches("appel", ["ape", "apple", "peach"]), round(difflib.SequenceMatcher(None, "abcd", "bcde").ratio(), 2))
print([op for op in difflib.SequenceMatcher(None, "qabxcd", "abycdf").get_opcodes() if op[0] != "equal"])
print(fnmatch.filter(["a.py", "b.txt", "c.py"], "*.py"), fnmatch.fnmatch("File.TXT", "*.txt"))
for name in ("x1.log", "x2.log", "y.txt"):
    open(f"/tmp/{name}", "w").close()
print(sorted(glob.glob("/tmp/x?.log")), glob.glob("*.none", root_dir="/tmp"))
print(textwrap.wrap("one two three four five", 9), textwrap.indent("a\n\nb", "| ", lambda line: True))
print(sorted(difflib.ndiff(["a", "b"], ["a", "c"])), difflib.context_diff("a", "b").__class__.__name__)
