import concurrent.futures
import threading


def work(n):
    return n * n


def compute(items):
    """As programs do that have a way without threads."""
    try:
        with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
            return list(pool.map(work, items)), "threads"
    except RuntimeError:
        return [work(item) for item in items], "one by one"


results, how = compute(range(5))
print(results)
lock = threading.Lock()
with lock:
    print(lock.locked(), lock.acquire(timeout=0.001))
try:
    lock.release()
    lock.release()
except RuntimeError as error:
    print(error)
print(threading.main_thread() is threading.current_thread())
