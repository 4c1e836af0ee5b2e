# args --db /tmp/inventory.json add widget 5 --price 2.50
import argparse
import json
from pathlib import Path


def load(path):
    return json.loads(path.read_text()) if path.exists() else {}


def main(argv=None):
    parser = argparse.ArgumentParser(description="inventory")
    parser.add_argument("--db", type=Path, required=True)
    commands = parser.add_subparsers(dest="command")
    add = commands.add_parser("add")
    add.add_argument("name")
    add.add_argument("count", type=int)
    add.add_argument("--price", type=float, default=1.0)
    commands.add_parser("list")
    options = parser.parse_args(argv)
    items = load(options.db)
    if options.command == "add":
        item = items.setdefault(options.name, {"count": 0, "price": options.price})
        item["count"] += options.count
        options.db.write_text(json.dumps(items))
        print(f"added {options.count} x {options.name}")
    else:
        for name, item in items.items():
            print(f"{name:<10} {item['count']:>4} {item['count'] * item['price']:>8.2f}")


if __name__ == "__main__":
    main()
    main(["--db", "/tmp/inventory.json", "list"])
    Path("/tmp/inventory.json").unlink()
