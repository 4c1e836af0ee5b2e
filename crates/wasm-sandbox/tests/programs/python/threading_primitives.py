import contextvars
import queue
import threading
from concurrent.futures import Future

lock, condition, local = threading.RLock(), threading.Condition(), threading.local()
with lock, lock:
    local.value = 1
counter = threading.Semaphore(2)
assert counter.acquire(blocking=False) and counter.acquire(blocking=False) and not counter.acquire(blocking=False)
tasks = queue.PriorityQueue()
for item in [(2, "b"), (1, "a")]:
    tasks.put(item)
assert tasks.get() == (1, "a") and tasks.qsize() == 1
try:
    queue.Queue().get(timeout=0.01)
except queue.Empty:
    print("empty")
event = threading.Event()
assert not event.wait(0.01)
event.set()
assert event.wait() and threading.current_thread().name == "MainThread" and threading.active_count() == 1
future = Future()
future.set_result(5)
assert future.result() == 5
variable = contextvars.ContextVar("v", default=0)
token = variable.set(1)
variable.reset(token)
print(variable.get())
