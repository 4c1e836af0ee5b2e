# stdin {"numbers": [3, 1, 2], "op": "sort"}
import json
import sys

request = json.load(sys.stdin)
operations = {"sort": sorted, "sum": sum, "max": max}
try:
    result = {"ok": True, "result": operations[request["op"]](request["numbers"])}
except KeyError as error:
    result = {"ok": False, "error": f"unknown operation {error}"}
json.dump(result, sys.stdout)
print()
print("done", file=sys.stderr)
