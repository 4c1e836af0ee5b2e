import os
import stat
from collections import Counter
from pathlib import Path

base = Path("/tmp/tree")
for name, size in [("a.py", 10), ("b.txt", 2000), ("sub/c.py", 30), ("sub/deep/d.log", 4)]:
    path = base / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
sizes = {path.relative_to(base).as_posix(): path.stat().st_size for path in base.rglob("*") if path.is_file()}
print(dict(sorted(sizes.items(), key=lambda item: -item[1])), Counter(Path(name).suffix for name in sizes))
for folder, folders, files in os.walk(base, topdown=False):
    print(os.path.relpath(folder, base), sorted(folders), sorted(files))
with os.scandir(base) as entries:
    print(sorted((entry.name, entry.is_dir()) for entry in entries))
info = os.stat(base / "a.py")
print(stat.S_ISREG(info.st_mode), info.st_size, os.path.getmtime(base) > 0, os.path.splitext("x.tar.gz"), os.path.commonpath(["/a/b", "/a/c"]))
os.utime(base / "a.py", (1_600_000_000, 1_700_000_000))
print(int(os.path.getmtime(base / "a.py")), os.access(base, os.R_OK), os.path.samefile(base, "/tmp/./tree"))
os.replace(base / "a.py", base / "z.py")
os.truncate(base / "b.txt", 5)
print(sorted(os.listdir(base)), (base / "b.txt").stat().st_size)
with open(base / "b.txt", "r+b") as file:
    file.seek(2)
    file.write(b"YY")
    file.seek(-1, os.SEEK_END)
    print(file.read(), file.tell())
import shutil
print(shutil.make_archive("/tmp/tree-archive", "zip", base).endswith(".zip"), shutil.disk_usage("/tmp").total >= 0 if hasattr(os, "statvfs") else True)
shutil.rmtree(base)
