import ast
import dis
import importlib
import inspect
import io
import tokenize


def area(width: float, height: float = 1.0, *, unit: str = "cm") -> str:
    """Area of a rectangle."""
    return f"{width * height} {unit}²"


print(inspect.signature(area), inspect.getdoc(area), area.__annotations__["unit"])
print(inspect.getsource(area).splitlines()[0])
tree = ast.parse("x = 1 + 2 * y\nprint(x)")
print([type(node).__name__ for node in ast.walk(tree)][:6], ast.unparse(tree))
print(ast.literal_eval("{'a': [1, 2.5, None]}"), eval("a + b", {"a": 1, "b": 2}))
namespace = {}
exec("def double(x): return x * 2", namespace)
print(namespace["double"](4), callable(area), isinstance(area, object), getattr(area, "missing", "none"))
print([token.string for token in tokenize.generate_tokens(io.StringIO("a = 'b'").readline)][:3])
print(len(list(dis.get_instructions(area))) > 5, importlib.import_module("math").pi, type(3).__mro__)
print(inspect.getfullargspec(area).kwonlyargs, [name for name, _ in inspect.getmembers(str, callable) if name.startswith("is")][:3])
print(sorted(vars(type("T", (), {"x": 1, "_y": 2})).keys())[-2:], dir([])[-2:], id(area) == id(area), inspect.currentframe().f_lineno)
