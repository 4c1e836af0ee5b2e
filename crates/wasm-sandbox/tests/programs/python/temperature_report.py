import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    city: str
    celsius: float

    @classmethod
    def parse(cls, line):
        city, value = line.rsplit(",", 1)
        number, unit = float(value.strip()[:-1]), value.strip()[-1]
        return cls(city.strip(), number if unit == "C" else round((number - 32) * 5 / 9, 1))


LINES = ["Oslo, -3.5C", "Rome, 59F", "New York, 41F", "Oslo, 1C", "bad line"]
readings, bad = [], []
for line in LINES:
    try:
        readings.append(Reading.parse(line))
    except ValueError as error:
        bad.append((line, type(error).__name__))
cities = {}
for reading in readings:
    cities.setdefault(reading.city, []).append(reading.celsius)
for city in sorted(cities):
    values = cities[city]
    print(f"{city:<10}{statistics.fmean(values):>7.2f}{min(values):>7.1f}{max(values):>7.1f}")
print(bad)
