# call normalize [[1, 2, 3, 4]] -> [0.0, 0.3333333333333333, 0.6666666666666666, 1.0]
# call describe [[{"a": 1, "b": 2.5}, {"a": 3, "b": 1.5}]] -> {"a": 2.0, "b": 2.0}
# call table [] -> [{"x": 1, "y": "p"}, {"x": 2, "y": "q"}]
import numpy as np
import pandas as pd


def normalize(values: list[float]) -> list[float]:
    array = np.asarray(values, dtype=float)
    return (array - array.min()) / np.ptp(array)


def describe(rows: list[dict]) -> dict:
    return pd.DataFrame(rows).mean()


def table():
    return pd.DataFrame({"x": [1, 2], "y": ["p", "q"]})
