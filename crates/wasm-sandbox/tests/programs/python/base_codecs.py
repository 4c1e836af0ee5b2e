import base64
import binascii
import hashlib
import hmac
import quopri
import secrets
import struct
import uuid
import zlib

data = b"hello world"
print(base64.b64encode(data), base64.urlsafe_b64encode(b"\xff\xfe"), base64.b32encode(data), base64.a85encode(data))
print(binascii.hexlify(data), bytes.fromhex("6869"), data.hex(" ", 2), zlib.crc32(data))
for name in ("md5", "sha1", "sha256", "sha512", "blake2b", "sha3_256"):
    print(name, hashlib.new(name, data).hexdigest()[:16])
print(hmac.new(b"key", data, "sha256").hexdigest()[:16], hmac.compare_digest("a", "a"))
print(hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 1000).hex()[:16])
try:
    print(hashlib.scrypt(b"p", salt=b"s", n=16, r=1, p=1).hex()[:8] != "")
except AttributeError:
    print(True)
print(struct.pack(">IhB", 1, -2, 3), struct.unpack("<d", struct.pack("<d", 2.5)), struct.calcsize("=iq"))
print(uuid.uuid5(uuid.NAMESPACE_DNS, "example.com"), uuid.UUID(int=5), uuid.uuid4().version, len(secrets.token_hex(8)))
print(quopri.encodestring("é".encode()), int.from_bytes(b"\x01\x00", "big"), (1000).to_bytes(2, "little"))
try:
    base64.b64decode("abc", validate=True)
except binascii.Error as error:
    print(error)
