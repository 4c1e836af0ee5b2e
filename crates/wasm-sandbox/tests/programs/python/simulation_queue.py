import heapq
import random
import statistics
from dataclasses import dataclass, field


@dataclass(order=True)
class Event:
    time: float
    kind: str = field(compare=False)
    who: int = field(compare=False)


def simulate(seed, customers=200):
    rng = random.Random(seed)
    events, clock = [], 0.0
    for who in range(customers):
        clock += rng.expovariate(1.0)
        heapq.heappush(events, Event(clock, "arrive", who))
    waiting, busy, arrived, waits = [], False, {}, []
    while events:
        event = heapq.heappop(events)
        if event.kind == "arrive":
            arrived[event.who] = event.time
            waiting.append(event.who)
        else:
            busy = False
        if waiting and not busy:
            who = waiting.pop(0)
            waits.append(event.time - arrived[who])
            busy = True
            heapq.heappush(events, Event(event.time + rng.expovariate(1.25), "leave", who))
    return waits


waits = simulate(42)
print(len(waits), round(statistics.mean(waits), 4), round(max(waits), 4), simulate(42) == waits, simulate(1) == waits)
inside = sum(random.Random(7).random() ** 2 < 1 for _ in range(10))
rng = random.Random(0)
hits = sum(rng.random() ** 2 + rng.random() ** 2 <= 1 for _ in range(20000))
print(4 * hits / 20000, inside)
