from collections import ChainMap, defaultdict
from types import MappingProxyType, SimpleNamespace

people = {"ada": {"langs": ["en", "fr"], "address": {"city": "London"}}, "bob": {"langs": [], "address": None}}
for name, person in people.items():
    city = (person.get("address") or {}).get("city", "unknown")
    first, *_ = person["langs"] or ["none"]
    print(f"{name}: {city}, {first}")
inverted = defaultdict(set)
for name, person in people.items():
    for language in person["langs"]:
        inverted[language].add(name)
print({key: sorted(value) for key, value in inverted.items()})
config = ChainMap({"debug": True}, {"debug": False, "port": 80})
frozen = MappingProxyType(dict(config))
try:
    frozen["port"] = 1
except TypeError as error:
    print(error)


def namespace(value):
    if isinstance(value, dict):
        return SimpleNamespace(**{key: namespace(item) for key, item in value.items()})
    return [namespace(item) for item in value] if isinstance(value, list) else value


space = namespace({"db": {"hosts": [{"name": "a"}, {"name": "b"}]}})
print(space.db.hosts[1].name, vars(space.db.hosts[0]), getattr(space, "missing", "default"))
matrix = [[0] * 3 for _ in range(2)]
matrix[0][0] = 1
shared = [[0] * 3] * 2
shared[0][0] = 1
print(matrix, shared, [*zip(*matrix)], dict.fromkeys("ab", 0), {**people["bob"], "x": 1}["x"])
del people["bob"]
print(people.setdefault("cyd", {}), people.pop("nobody", None), list(people), "ada" in people, sorted(people, reverse=True))
