import base64
import hashlib
import json
import secrets
import zlib


def caesar(text, shift):
    return "".join(chr((ord(c) - base + shift) % 26 + base) if c.isalpha() and (base := 65 if c.isupper() else 97) else c for c in text)


def vigenere(text, key, sign=1):
    return "".join(chr((ord(c) - 65 + sign * (ord(key[i % len(key)]) - 65)) % 26 + 65) for i, c in enumerate(text))


def xor(data, key):
    return bytes(b ^ key[i % len(key)] for i, b in enumerate(data))


def rle(text):
    from itertools import groupby
    return "".join(f"{len(list(run))}{letter}" for letter, run in groupby(text))


print(caesar("Hello, World!", 3), caesar(caesar("abcXYZ", 7), -7), vigenere("ATTACK", "KEY"), vigenere(vigenere("ATTACK", "KEY"), "KEY", -1))
print(xor(xor(b"secret", b"key"), b"key"), rle("aaabccd"))
token = base64.urlsafe_b64encode(zlib.compress(json.dumps({"user": 1}).encode())).decode()
print(json.loads(zlib.decompress(base64.urlsafe_b64decode(token))))
salt = b"fixed salt"
stored = hashlib.pbkdf2_hmac("sha256", b"password", salt, 1000)
print(stored.hex(), secrets.compare_digest(stored, hashlib.pbkdf2_hmac("sha256", b"password", salt, 1000)))
print(hashlib.pbkdf2_hmac("sha512", b"p", b"s", 3, dklen=80).hex()[-20:], len(secrets.token_urlsafe(16)))
print(hashlib.file_digest(__import__("io").BytesIO(b"x"), "sha256").hexdigest()[:8])
