# %%
import statistics
scores = {"ada": [90, 85], "bob": [70], "eve": []}
len(scores)
#> 3
# %%
averages = {name: statistics.mean(values) for name, values in scores.items()}
#! StatisticsError
# %%
averages = {name: statistics.mean(values) if values else None for name, values in scores.items()}
averages
#> {'ada': 87.5, 'bob': 70, 'eve': None}
# %%
best = max((value, name) for name, value in averages.items() if value is not None)
print("best:", best[1])
best
#> best: ada
#> (87.5, 'ada')
