import io
import json
import sqlite3
import pandas as pd

frame = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.to_datetime(["2024-01-01", "2024-06-01"])})
assert json.loads(frame.to_json(orient="records", date_format="iso"))[1]["b"] is None
again = pd.read_csv(io.StringIO(frame.to_csv(index=False)), parse_dates=["c"])
assert again["c"].equals(frame["c"].astype(again["c"].dtype)) and again.shape == (2, 3)
assert "<td>x</td>" in frame.to_html() and frame.to_dict("list")["a"] == [1, 2]
connection = sqlite3.connect(":memory:")
frame.to_sql("t", connection, index=False)
assert pd.read_sql("SELECT SUM(a) AS total FROM t", connection)["total"][0] == 3
frame.to_pickle("/tmp/frame.pkl")
assert pd.read_pickle("/tmp/frame.pkl").equals(frame)
assert pd.read_json(io.StringIO('[{"x": 1}, {"x": 2}]'))["x"].sum() == 3
assert pd.json_normalize([{"id": 1, "user": {"name": "ada"}}]).columns.tolist() == ["id", "user.name"]
assert frame.describe().loc["mean", "a"] == 1.5
buffer = io.StringIO()
frame.info(buf=buffer)
assert "non-null" in buffer.getvalue()
try:
    frame.to_parquet("/tmp/frame.parquet")
except ImportError as error:
    print("no parquet:", "pyarrow" in str(error))
