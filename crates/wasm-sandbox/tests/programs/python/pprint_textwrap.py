import pprint
import reprlib
import textwrap

config = {"name": "service", "hosts": [f"host-{n:02}.example.com" for n in range(6)], "limits": {"cpu": 2, "memory": "512MB", "nested": {"deep": {"deeper": [1, 2, 3]}}}}
pprint.pprint(config, width=60)
pprint.pprint(config, depth=2, compact=True, sort_dicts=False)
text = "The quick brown fox jumps over the lazy dog and then runs away from the very angry bear."
print(textwrap.fill(text, width=30, initial_indent="* ", subsequent_indent="  "))
print(textwrap.shorten(text, width=40, placeholder="..."))
print(textwrap.dedent("""
    def f():
        return 1
""").strip())
print(textwrap.indent("a\nb", "> "), reprlib.repr(list(range(100))))
