import os
import tempfile

with tempfile.NamedTemporaryFile("w+", suffix=".txt", delete=False) as file:
    file.write("line one\nline two\n")
    file.flush()
    file.seek(0)
    print(file.readlines())
    name = file.name
print(os.path.exists(name), name.startswith(tempfile.gettempdir()), name.endswith(".txt"))
with open(name, "a") as file:
    file.write("line three\n")
with open(name) as file:
    print(sum(1 for _ in file))
os.unlink(name)
print(os.path.exists(name))
with tempfile.TemporaryFile() as file:
    file.write(b"\x00" * 1000)
    print(file.tell())
with tempfile.SpooledTemporaryFile(max_size=10) as file:
    file.write(b"0123456789abcdef")
    file.seek(4)
    print(file.read(4))
handle, path = tempfile.mkstemp()
os.write(handle, b"raw")
os.close(handle)
print(os.stat(path).st_size)
