import array
import struct
from io import BytesIO, StringIO

data = bytearray(b"hello")
data[0] = ord("J")
data += b" world"
print(data, data.find(b"wor"), bytes(reversed(data))[:3], memoryview(data)[1:4].tobytes(), data.hex())
numbers = array.array("i", [1, 2, 3])
numbers.extend([4])
numbers.byteswap()
numbers.byteswap()
print(numbers.tolist(), numbers.itemsize, array.array("d", [0.5]).tobytes() == struct.pack("d", 0.5))
header = struct.Struct(">4sHI")
packed = header.pack(b"RIFF", 7, 123456)
print(packed, header.unpack(packed), list(struct.iter_unpack("<H", b"\x01\x00\x02\x00")))
stream = BytesIO()
stream.write(b"abc")
stream.seek(1)
stream.write(b"X")
print(stream.getvalue(), stream.getbuffer().nbytes)
text = StringIO("a\nb\nc")
print(text.readline(), list(text), text.tell())


def popcount(n):
    count = 0
    while n:
        n &= n - 1
        count += 1
    return count


print(popcount(0b1011011), 5 << 3, -17 >> 2, ~7 & 0xFF, int.from_bytes(b"\xff\xfe", "big", signed=True))
print("café".encode().decode("latin-1"), b"\xc3\xa9".decode(), bytes([1, 2]) + bytes(2), "aé".encode("unicode_escape"))
