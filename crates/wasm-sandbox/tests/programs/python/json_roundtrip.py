import json
from datetime import date, datetime
from decimal import Decimal


class Encoder(json.JSONEncoder):
    def default(self, value):
        if isinstance(value, (date, datetime)):
            return value.isoformat()
        if isinstance(value, Decimal):
            return str(value)
        if isinstance(value, set):
            return sorted(value)
        return super().default(value)


document = {
    "day": date(2024, 2, 29),
    "when": datetime(2024, 2, 29, 13, 5),
    "price": Decimal("19.99"),
    "tags": {"b", "a"},
    "text": "naïve ☕",
    "nested": [{"x": 1.0}, None, True],
}
text = json.dumps(document, cls=Encoder, indent=2, sort_keys=True)
print(text)
print(json.dumps("naïve ☕", ensure_ascii=False))
assert json.loads(text)["price"] == "19.99"
try:
    json.loads('{"a": 1,}')
except json.JSONDecodeError as error:
    print(error.lineno, error.colno)
