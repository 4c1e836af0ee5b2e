import re
from html.parser import HTMLParser
from urllib.parse import urljoin

PAGE = """
<html><head><title>Shop</title></head><body>
<table id="prices"><tr><th>Item</th><th>Price</th></tr>
<tr><td>Tea &amp; cup</td><td>$3.50</td></tr><tr><td><b>Coffee</b></td><td>$4.25</td></tr></table>
<a href="/about">About</a> <a class="x" href='https://other.example/p?q=1'>Other</a>
<script>var ignored = "<td>no</td>";</script></body></html>
"""


class Table(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.rows, self.cell, self.links, self.title, self.stack = [], None, [], "", []

    def handle_starttag(self, tag, attrs):
        self.stack.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.cell = ""
        elif tag == "a":
            self.links.append(urljoin("https://shop.example/x/", dict(attrs)["href"]))

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.rows[-1].append(self.cell.strip())
            self.cell = None
        while self.stack and self.stack.pop() != tag:
            pass

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data
        elif self.stack[-1:] == ["title"]:
            self.title += data


parser = Table()
parser.feed(PAGE)
header, *rows = parser.rows
items = [dict(zip(header, row)) for row in rows]
print(parser.title, items, parser.links)
print(sum(float(re.sub(r"[^\d.]", "", item["Price"])) for item in items))
