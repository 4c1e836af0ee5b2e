import sched
import time
from datetime import datetime, timedelta, timezone

ran = []
scheduler = sched.scheduler(time.monotonic, time.sleep)
scheduler.enter(0.02, 1, ran.append, ("second",))
scheduler.enter(0.005, 1, ran.append, ("first",))
cancelled = scheduler.enter(0.01, 1, ran.append, ("never",))
scheduler.cancel(cancelled)
scheduler.run()
print(ran, scheduler.empty())


def cron_matches(field, value):
    for part in field.split(","):
        base, _, step = part.partition("/")
        if base == "*":
            low, high = 0, 59
        elif "-" in base:
            low, high = map(int, base.split("-"))
        else:
            low = high = int(base)
        if low <= value <= high and (value - low) % int(step or 1) == 0:
            return True
    return False


moment = datetime(2024, 1, 1, 8, 0, tzinfo=timezone.utc)
fires = [m.strftime("%H:%M") for m in (moment + timedelta(minutes=n) for n in range(0, 120)) if cron_matches("*/20", m.minute) and cron_matches("8-9", m.hour)]
print(fires)
print(time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(86400 * 365)), time.strptime("30 Nov 00", "%d %b %y").tm_yday, datetime.fromtimestamp(0, timezone.utc).isoformat())
start = time.perf_counter()
elapsed = time.perf_counter() - start
print(elapsed >= 0, time.time_ns() > 10**18, isinstance(time.thread_time(), float) if hasattr(time, "thread_time") else True)
print(datetime(2024, 3, 31, 12).replace(tzinfo=timezone(timedelta(hours=5, minutes=30))).isoformat(), datetime.now(timezone.utc).tzinfo, f"{timedelta(seconds=3661)}", timedelta(days=-1, hours=2))
