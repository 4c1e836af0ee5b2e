from xml.dom import minidom
from xml.sax import ContentHandler, parseString
from xml.sax.saxutils import escape

document = minidom.parseString("<todo><item done='yes'>write</item><item>test</item></todo>")
for item in document.getElementsByTagName("item"):
    print(item.getAttribute("done") or "no", item.firstChild.data)
print(document.documentElement.toprettyxml(indent="  "))


class Counter(ContentHandler):
    def __init__(self):
        super().__init__()
        self.seen = []

    def startElement(self, name, attrs):
        self.seen.append(name)


counter = Counter()
parseString(b"<a><b/><c><b/></c></a>", counter)
print(counter.seen, escape("<&>"))
