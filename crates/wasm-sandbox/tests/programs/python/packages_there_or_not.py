import importlib.util

found = [name for name in ("requests", "bs4", "lxml", "yaml", "openpyxl", "dateutil", "pytz", "tqdm", "tabulate") if importlib.util.find_spec(name)]
for name in ("requests", "surely_not_there"):
    try:
        __import__(name)
    except ModuleNotFoundError as error:
        assert str(error) == f"No module named '{error.name}'"
print("dateutil" in found, "lxml" in found)
