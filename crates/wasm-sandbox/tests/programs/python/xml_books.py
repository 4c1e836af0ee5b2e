import xml.etree.ElementTree as ET

SOURCE = """<?xml version="1.0"?>
<library>
  <book id="1" lang="en"><title>Dune</title><year>1965</year></book>
  <book id="2" lang="de"><title>Momo &amp; mehr</title><year>1973</year></book>
</library>"""

root = ET.fromstring(SOURCE)
for book in root.iter("book"):
    print(book.get("id"), book.findtext("title"), int(book.find("year").text))
newest = max(root, key=lambda book: int(book.findtext("year")))
newest.set("newest", "yes")
ET.indent(root)
print(ET.tostring(root, encoding="unicode"))
print([book.get("lang") for book in root.findall("./book[@id='2']")])
try:
    ET.fromstring("<a><b></a>")
except ET.ParseError as error:
    print("not well-formed:", error.position)
