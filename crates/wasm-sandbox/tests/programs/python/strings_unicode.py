import codecs
import unicodedata

text = "Café ☕ naïve 日本語 🎉"
print(len(text), text.encode("utf-8")[:8], text.upper(), text[::-1])
print(unicodedata.normalize("NFD", "é").encode("ascii", "ignore"), unicodedata.name("☕"), unicodedata.category("9"))
print("straße".casefold(), "ǆ".title(), "İ".lower() == "i̇", "١٢".isdigit(), int("١٢"))
for encoding in ("latin-1", "utf-16", "cp1252", "shift_jis", "ascii"):
    try:
        print(encoding, len("Caf\u00e9".encode(encoding)))
    except UnicodeEncodeError as error:
        print(encoding, error.reason)
print(b"\xff\xfe".decode("utf-8", errors="replace"), codecs.encode("hello", "rot13"), "%s" % "日本")
print("tab\tsep".expandtabs(4), "a-b_c".translate({ord("-"): " ", ord("_"): None}), "abc".zfill(5), "x=1;y=2".partition(";"))
print(repr("quote's \"mixed\" \n \x00 \u200b"), ascii("é"), "\N{GREEK SMALL LETTER ALPHA}", f"{'日本':>6}|")
print("Hello World".swapcase(), "hello".find("l"), "hello".rindex("l"), "a b c".rsplit(" ", 1), "lines\r\nof\ntext".splitlines())
print("abcabc".replace("b", "X", 1), "prefix-name".removeprefix("prefix-"), "hello"[1:4], "hello"[-3:], "ab" * 3, "é" < "f")
