import html
import re

SOURCE = """# Title

Some *emphasis*, **strong** & `code <b>`.

- one
- two with [link](http://example.com)

1. first
2. second
"""


def inline(text):
    text = html.escape(text, quote=False)
    for pattern, replacement in [
        (r"\*\*(.+?)\*\*", r"<strong>\1</strong>"),
        (r"\*(.+?)\*", r"<em>\1</em>"),
        (r"`(.+?)`", r"<code>\1</code>"),
        (r"\[(.+?)\]\((.+?)\)", r'<a href="\2">\1</a>'),
    ]:
        text = re.sub(pattern, replacement, text)
    return text


def convert(source):
    for block in re.split(r"\n\s*\n", source.strip()):
        if match := re.match(r"(#+) (.*)", block):
            level = len(match[1])
            yield f"<h{level}>{inline(match[2])}</h{level}>"
        elif block.startswith("- "):
            yield "<ul>" + "".join(f"<li>{inline(line[2:])}</li>" for line in block.splitlines()) + "</ul>"
        elif re.match(r"\d+\. ", block):
            yield "<ol>" + "".join(f"<li>{inline(line.split('. ', 1)[1])}</li>" for line in block.splitlines()) + "</ol>"
        else:
            yield f"<p>{inline(block)}</p>"


print("\n".join(convert(SOURCE)))
