from lxml import etree, html

root = etree.fromstring("<shop><item price='3'>tea</item><item price='5'>coffee</item></shop>")
assert root.xpath("//item[@price > 4]/text()") == ["coffee"] and root.xpath("sum(//@price)") == 8
page = html.fromstring("<div><p class='a'>one</p><p>two <b>bold</b></p><a href='/x'>link</a>")
assert [p.text_content() for p in page.findall(".//p")] == ["one", "two bold"] and page.xpath("//a/@href") == ["/x"]
builder = etree.Element("root", version="1")
etree.SubElement(builder, "child").text = "a & b"
assert etree.tostring(builder) == b'<root version="1"><child>a &amp; b</child></root>'
try:
    etree.fromstring("<a><b></a>")
except etree.XMLSyntaxError as error:
    assert "mismatch" in str(error)
else:
    raise AssertionError("this is no XML")
print("ok")
