import contextlib
import io
import os
import sys
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress


class Timer:
    def __enter__(self):
        print("enter")
        return self

    def __exit__(self, kind, value, traceback):
        print("exit", kind.__name__ if kind else None)
        return kind is ZeroDivisionError


@contextmanager
def tag(name):
    print(f"<{name}>")
    try:
        yield name
    finally:
        print(f"</{name}>")


with Timer():
    1 / 0
with tag("a") as a, tag("b"):
    print(a)
with suppress(FileNotFoundError):
    os.remove("/tmp/never-there")
captured = io.StringIO()
with redirect_stdout(captured):
    print("hidden")
print(repr(captured.getvalue()))
with ExitStack() as stack:
    for name in "xy":
        stack.enter_context(tag(name))
    stack.callback(print, "callback")
try:
    with contextlib.closing(io.StringIO()) as stream:
        raise KeyError("k")
except KeyError:
    print(stream.closed, file=sys.stdout)
