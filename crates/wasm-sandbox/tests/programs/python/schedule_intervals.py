from datetime import date, datetime, time, timedelta


def merge(intervals):
    merged = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return merged


def free_slots(busy, opens, closes, length):
    at = opens
    for start, end in merge(busy):
        if start - at >= length:
            yield at, start
        at = max(at, end)
    if closes - at >= length:
        yield at, closes


day = date(2024, 5, 6)
clock = lambda text: datetime.combine(day, time.fromisoformat(text))
busy = [(clock("09:30"), clock("10:30")), (clock("10:00"), clock("11:00")), (clock("13:00"), clock("14:15"))]
for start, end in free_slots(busy, clock("09:00"), clock("17:00"), timedelta(minutes=45)):
    print(f"{start:%H:%M}-{end:%H:%M} ({(end - start).seconds // 60} min)")


def workdays(start, count, holidays=frozenset()):
    while count:
        start += timedelta(days=1)
        if start.weekday() < 5 and start not in holidays:
            count -= 1
    return start


print(workdays(date(2024, 12, 20), 5, {date(2024, 12, 25), date(2024, 12, 26)}))
print([d.isoformat() for d in (date(2024, 1, 31) + timedelta(days=n) for n in range(0, 60, 29))], timedelta(days=1.5) / 2, divmod(timedelta(hours=50), timedelta(days=1)))
