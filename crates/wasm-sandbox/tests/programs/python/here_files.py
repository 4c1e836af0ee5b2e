import json
import os
from pathlib import Path

with open("results.json", "w") as file:
    json.dump({"score": 1}, file)
print(json.load(open("results.json")), os.path.exists("results.json"), Path("results.json").resolve().name)
try:
    open("missing.txt")
except FileNotFoundError as error:
    print("not found:", error.filename, error.strerror)
os.makedirs("out/a", exist_ok=True)
Path("out/a/x.txt").write_text("hi")
print(sorted(str(path) for path in Path("out").rglob("*")))
try:
    os.rmdir("out")
except OSError as error:
    print("not empty:", type(error).__name__)
try:
    os.mkdir("out")
except FileExistsError:
    print("exists")
import shutil
shutil.rmtree("out")
os.remove("results.json")
print(os.path.isdir("out"))
