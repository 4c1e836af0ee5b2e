from datetime import date


def age(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def next_birthday(born: date, on: date) -> date:
    for year in (on.year, on.year + 1, on.year + 4):
        try:
            candidate = born.replace(year=year)
        except ValueError:
            candidate = date(year, 3, 1)
        if candidate >= on:
            return candidate
    raise AssertionError("unreachable")


today = date(2025, 3, 5)
for born in [date(1990, 3, 5), date(2000, 2, 29), date(1985, 12, 31)]:
    upcoming = next_birthday(born, today)
    print(born, age(born, today), upcoming, (upcoming - today).days)
