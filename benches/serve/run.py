"""`wasm-sandbox serve` beside `wasmtime serve`, with the same component and a fresh instance for each request.

    python3 benches/serve/run.py [--seconds 5] [--rounds 5] [--connections 16]

Builds what it needs (the Wasmtime command line of the engine's version from crates.io takes some ten minutes the first time) and
loads both in turns with `wrk`, which has to be on the machine (`apt-get install wrk`). Prints medians and ratios.
"""

import argparse
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = ROOT / "target"
WASMTIME = "48.0.8"
FEATURES = "serve,run,cranelift,pooling-allocator,parallel-compilation,component-model,component-model-async"


def build():
    cargo = lambda *words, **named: subprocess.run(["cargo", *words], check=True, **named)
    cargo("build", "--release", "--package", "wasm-sandbox-cli", cwd=ROOT)
    guest = ROOT / "guests/http"
    cargo("build", "--release", "--locked", "--target", "wasm32-wasip2", "--target-dir", TARGET / "guests/http", cwd=guest)
    peer = TARGET / "peers/bin/wasmtime"
    if not peer.exists():
        words = ["--version", WASMTIME, "--no-default-features", "--features", FEATURES]
        cargo("install", "wasmtime-cli", *words, "--root", TARGET / "peers", "--target-dir", TARGET / "peers/target")
    return TARGET / "release/wasm-sandbox", peer, TARGET / "guests/http/wasm32-wasip2/release/http_guest.wasm"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    def __init__(self, words):
        self.port = free_port()
        words = [str(word).replace("PORT", str(self.port)) for word in words]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                assert self.process.poll() is None, f"{words} ended"
                time.sleep(0.05)

    def load(self, path, seconds, connections):
        url = f"http://127.0.0.1:{self.port}{path}"
        words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", url]
        text = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        bad = re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)", text)
        assert not bad, text
        rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
        value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
        return rate, float(value) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]

    def end(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    ours, peer, guest = build()
    commands = {
        "wasm-sandbox serve": [ours, "serve", guest, "--listen", "127.0.0.1:PORT", "-q"],
        "wasmtime serve": [peer, "serve", "-Scli", "--addr", "127.0.0.1:PORT", guest],
    }
    servers = {name: Server(words) for name, words in commands.items()}
    try:
        found = {name: [] for name in servers}
        for server in servers.values():
            server.load("/hello", 1, options.connections)
        for _ in range(options.rounds):
            for name, server in servers.items():
                found[name].append(server.load("/hello", options.seconds, options.connections))
    finally:
        for server in servers.values():
            server.end()
    medians = {name: [statistics.median(column) for column in zip(*values)] for name, values in found.items()}
    print(f"{'':20} {'requests/s':>12} {'p99, us':>10}")
    for name, (rate, late) in medians.items():
        print(f"{name:20} {rate:12.0f} {late:10.0f}")
    (rate, late), (peer_rate, peer_late) = medians.values()
    print(f"{'ratio':20} {rate / peer_rate:12.2f} {late / peer_late:10.2f}")


main()
