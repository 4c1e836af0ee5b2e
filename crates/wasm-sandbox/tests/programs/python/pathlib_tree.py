import shutil
import tempfile
from pathlib import Path, PurePosixPath

with tempfile.TemporaryDirectory() as folder:
    root = Path(folder)
    (root / "src" / "pkg").mkdir(parents=True)
    (root / "src" / "pkg" / "__init__.py").touch()
    (root / "src" / "main.py").write_text("print('hi')\n", encoding="utf-8")
    (root / "README.md").write_text("# Title\n\ntext\n")
    (root / "data.bin").write_bytes(bytes(range(10)))
    print(sorted(str(path.relative_to(root)) for path in root.rglob("*")))
    print([path.name for path in sorted(root.glob("**/*.py"))], (root / "data.bin").stat().st_size)
    target = (root / "README.md").rename(root / "README.txt")
    print(target.suffix, target.stem, target.exists(), (root / "README.md").exists())
    shutil.copytree(root / "src", root / "copy")
    shutil.move(root / "data.bin", root / "copy" / "moved.bin")
    print(sorted(path.name for path in (root / "copy").iterdir()))
    shutil.rmtree(root / "copy")
    (root / "link").symlink_to("src/main.py")
    print((root / "link").read_text(), (root / "link").is_symlink())
    for where, folders, files in root.walk():
        folders.sort()
        print(where.relative_to(root), folders, sorted(files))
print(root.exists(), PurePosixPath("/a/b/../c.tar.gz").suffixes, Path("a/b").joinpath("c").parts)
