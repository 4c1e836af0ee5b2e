from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo
import calendar

start = date(2024, 1, 31)
print(start + timedelta(days=30), start.strftime("%A %d %B %Y"), start.isocalendar())
print((date(2024, 12, 25) - date(2024, 7, 4)).days)
print(datetime.strptime("2024-03-10 14:30", "%Y-%m-%d %H:%M"))
meeting = datetime(2024, 3, 10, 9, 30, tzinfo=ZoneInfo("America/New_York"))
for zone in ["UTC", "Europe/Berlin", "Asia/Kolkata"]:
    print(zone, meeting.astimezone(ZoneInfo(zone)).isoformat())
print(datetime.fromisoformat("2024-05-06T07:08:09+02:00").astimezone(timezone.utc))
print(calendar.monthrange(2023, 2), calendar.isleap(2000))
print(calendar.month(2024, 2))
print(datetime.combine(start, time(8, 15)).timestamp() if False else timedelta(hours=25, minutes=61))
fridays = [day for day in range(1, 31) if date(2024, 9, day).weekday() == 4]
print(fridays)
