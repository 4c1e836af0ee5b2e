import io
import zipfile

buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("readme.txt", "hello " * 200)
    archive.writestr("data/numbers.csv", "\n".join(map(str, range(50))))
buffer.seek(0)
with zipfile.ZipFile(buffer) as archive:
    for info in archive.infolist():
        print(info.filename, info.file_size, info.compress_size < info.file_size)
    with archive.open("data/numbers.csv") as lines:
        print(sum(int(line) for line in lines))
    print(archive.testzip())
print(zipfile.is_zipfile(buffer))
