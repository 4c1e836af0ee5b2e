import json
from functools import reduce
from itertools import chain


def flatten(value, prefix=""):
    if isinstance(value, dict):
        return dict(chain.from_iterable(flatten(v, f"{prefix}.{k}" if prefix else k).items() for k, v in value.items()))
    if isinstance(value, list):
        return dict(chain.from_iterable(flatten(v, f"{prefix}[{i}]").items() for i, v in enumerate(value)))
    return {prefix: value}


def merge(a, b):
    if isinstance(a, dict) and isinstance(b, dict):
        return {key: merge(a[key], b[key]) if key in a and key in b else a.get(key, b.get(key)) for key in a | b}
    return b


def diff(a, b, path="$"):
    if type(a) is not type(b):
        yield f"{path}: {a!r} -> {b!r}"
    elif isinstance(a, dict):
        for key in sorted(a.keys() | b.keys()):
            yield from diff(a.get(key), b.get(key), f"{path}.{key}")
    elif isinstance(a, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            yield from diff(x, y, f"{path}[{i}]")
    elif a != b:
        yield f"{path}: {a!r} -> {b!r}"


def get(data, path, default=None):
    try:
        return reduce(lambda value, key: value[int(key) if key.isdigit() else key], path.split("."), data)
    except (KeyError, IndexError, TypeError):
        return default


one = {"name": "x", "tags": ["a", "b"], "size": {"w": 1, "h": 2}}
two = {"name": "y", "tags": ["a", "c"], "size": {"w": 1, "d": 3}}
print(flatten(one), merge(one, two), list(diff(one, two)), get(one, "tags.1"), get(one, "size.z", "none"), sep="\n")
lines = "\n".join(json.dumps({"n": n}) for n in range(3))
print(sum(json.loads(line)["n"] for line in lines.splitlines()), json.dumps([1.0, 1e100, float("inf"), True, None]), json.loads("[1e3, -0.0, 12345678901234567890]"))
print(json.dumps({"b": 1, "a": [1, 2]}, separators=(",", ":"), sort_keys=True), json.loads('{"a": 1}', object_pairs_hook=list), json.dumps({1: "x", None: "y"}))
