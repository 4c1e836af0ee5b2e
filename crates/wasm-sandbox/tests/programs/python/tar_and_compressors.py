import bz2
import gzip
import io
import lzma
import tarfile
import zlib

text = b"the quick brown fox jumps over the lazy dog. " * 100
for name, module in [("zlib", zlib), ("gzip", gzip), ("bz2", bz2), ("lzma", lzma)]:
    packed = module.compress(text)
    assert module.decompress(packed) == text
    print(name, len(packed) < 200)
print(hex(zlib.crc32(text)), hex(zlib.adler32(text)))

buffer = io.BytesIO()
with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
    info = tarfile.TarInfo("docs/a.txt")
    info.size = len(text)
    archive.addfile(info, io.BytesIO(text))
buffer.seek(0)
with tarfile.open(fileobj=buffer) as archive:
    print(archive.getnames(), archive.extractfile("docs/a.txt").read(9))
