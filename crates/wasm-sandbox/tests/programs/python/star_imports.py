import collections.abc
import os.path as p
from math import *
from os import environ, getcwd, sep

import importlib
import pkgutil
import sys

print(floor(pi), sqrt(16), p.join("a", "b"), sep, isinstance(environ.get("HOME"), (str, type(None))), getcwd().startswith("/"))
spec = importlib.util.find_spec("json") if hasattr(importlib, "util") else None
module = importlib.import_module("statistics")
print(module.mean([1, 2, 3]), "json" in sys.modules or bool(spec), sys.version_info >= (3, 10), sys.byteorder, sys.maxsize > 2**30)
print(issubclass(dict, collections.abc.Mapping), __name__, len([m for m in pkgutil.iter_modules(importlib.import_module("json").__path__)]) >= 0)
with open("/tmp/plugin_one.py", "w") as file:
    file.write("NAME = 'one'\ndef run(x):\n    return x * 2\n")
sys.path.insert(0, "/tmp")
import plugin_one
print(plugin_one.NAME, plugin_one.run(21), plugin_one.__file__.endswith("plugin_one.py"))
with open("/tmp/plugin_one.py", "w") as file:
    file.write("NAME = 'changed now'\n")
print(importlib.reload(plugin_one).NAME)
namespace = {}
exec(compile("y = [n for n in range(3)]", "<string>", "exec"), namespace)
print(namespace["y"], eval("y[1] + 1", namespace), globals()["__name__"], "namespace" in vars())
