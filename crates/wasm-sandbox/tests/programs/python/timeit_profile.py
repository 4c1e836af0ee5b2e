import cProfile
import io
import pstats
import time
import timeit
import tracemalloc


def work(n):
    return sum(i * i for i in range(n))


assert timeit.timeit("sum(range(100))", number=100) >= 0
profiler = cProfile.Profile()
profiler.enable()
work(1000)
profiler.disable()
text = io.StringIO()
pstats.Stats(profiler, stream=text).sort_stats("cumulative").print_stats(5)
assert "work" in text.getvalue()
tracemalloc.start()
data = [bytes(1000) for _ in range(100)]
current, peak = tracemalloc.get_traced_memory()
tracemalloc.stop()
assert peak >= current > 100_000
start = time.perf_counter()
time.sleep(0.02)
assert 0.015 < time.perf_counter() - start < 5
assert time.monotonic() > 0 and time.process_time() >= 0 and time.time() > 1_600_000_000
print(time.strftime("%Y", time.gmtime(0)))
