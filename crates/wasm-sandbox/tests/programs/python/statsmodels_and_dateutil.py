import datetime

from dateutil import parser, relativedelta, rrule
import pandas as pd

assert parser.parse("March 5, 2024 3pm") == datetime.datetime(2024, 3, 5, 15)
assert datetime.date(2024, 1, 31) + relativedelta.relativedelta(months=1) == datetime.date(2024, 2, 29)
days = list(rrule.rrule(rrule.MONTHLY, count=3, dtstart=datetime.datetime(2024, 1, 1), byweekday=rrule.FR(1)))
assert [day.day for day in days] == [5, 2, 1]
import statsmodels.api as sm

data = pd.DataFrame({"x": range(10), "y": [2 * n + 1 for n in range(10)]})
model = sm.OLS(data["y"], sm.add_constant(data["x"])).fit()
assert abs(model.params["x"] - 2) < 1e-9 and model.rsquared > 0.999
print("ok")
