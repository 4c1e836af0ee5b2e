import hashlib
import re
import string

ALPHABET = string.digits + string.ascii_letters


def encode(number):
    text = ""
    while number:
        number, digit = divmod(number, 62)
        text = ALPHABET[digit] + text
    return text or "0"


def decode(text):
    number = 0
    for letter in text:
        number = number * 62 + ALPHABET.index(letter)
    return number


class Shortener:
    def __init__(self, base="https://s.ho/"):
        self.base, self.urls, self.codes = base, {}, {}

    def shorten(self, url):
        if not re.match(r"https?://[^\s/$.?#].\S*$", url):
            raise ValueError(f"not a url: {url!r}")
        if url not in self.codes:
            digest = int(hashlib.sha256(url.encode()).hexdigest(), 16)
            code = encode(digest)[:7]
            while code in self.urls:
                code = encode(decode(code) + 1)
            self.codes[url], self.urls[code] = code, url
        return self.base + self.codes[url]

    def resolve(self, short):
        return self.urls[short.removeprefix(self.base)]


shortener = Shortener()
short = shortener.shorten("https://example.com/a/long/path?x=1")
print(short, shortener.resolve(short), shortener.shorten("https://example.com/a/long/path?x=1") == short)
assert all(decode(encode(n)) == n for n in range(0, 10000, 37))
try:
    shortener.shorten("nonsense")
except ValueError as error:
    print(error)
