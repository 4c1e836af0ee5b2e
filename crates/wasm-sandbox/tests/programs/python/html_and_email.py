import email
import html
from email.message import EmailMessage
from html.parser import HTMLParser
from http import HTTPStatus
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, quote, unquote, urlencode, urljoin, urlparse


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.text = [], []

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.links.append(dict(attrs).get("href"))

    def handle_data(self, data):
        if data.strip():
            self.text.append(data.strip())


links = Links()
links.feed("<html><body><h1>Hi &amp; bye</h1><a href='/a?x=1'>one</a><a href=b>two</a><br/></body>")
print(links.links, links.text, html.escape("<a href='x'>"), html.unescape("&lt;&eacute;&#39;"))
url = urlparse("https://user@example.com:8080/path;p?q=1&q=2&r=#frag")
print(url.hostname, url.port, parse_qs(url.query, keep_blank_values=True), url.fragment)
print(quote("a b/ü"), unquote("%41+b"), urlencode({"a": "1 2", "b": ["x", "y"]}, doseq=True), urljoin("http://x/a/b", "../c"))
message = EmailMessage()
message["Subject"], message["From"], message["To"] = "Grüße", "a@example.com", "b@example.com"
message.set_content("Hello ☕")
message.add_attachment(b"data", maintype="application", subtype="octet-stream", filename="x.bin")
parsed = email.message_from_bytes(message.as_bytes(), policy=email.policy.default)
print(parsed["subject"], [part.get_content_type() for part in parsed.walk()], parsed.get_body().get_content().strip())
cookie = SimpleCookie("a=1; b=two")
print(cookie["b"].value, HTTPStatus(404).phrase)
