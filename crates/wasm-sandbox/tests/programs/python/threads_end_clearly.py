import concurrent.futures
import multiprocessing
import os
import socket
import subprocess
import threading
import urllib.request

for name, act in [
    ("thread", lambda: threading.Thread(target=print).start()),
    ("pool", lambda: concurrent.futures.ThreadPoolExecutor(2).submit(print)),
    ("processes", lambda: concurrent.futures.ProcessPoolExecutor(2).submit(print)),
    ("process", lambda: multiprocessing.Process(target=print).start()),
    ("multiprocessing pool", lambda: multiprocessing.Pool(2)),
    ("subprocess", lambda: subprocess.run(["ls"])),
    ("shell", lambda: subprocess.check_output("ls", shell=True)),
    ("system", lambda: os.system("ls")),
    ("popen", lambda: os.popen("ls")),
    ("fork", lambda: os.fork()),
    ("socket", lambda: socket.create_connection(("example.com", 80), timeout=1)),
    ("listen", lambda: socket.socket().bind(("127.0.0.1", 0))),
    ("url", lambda: urllib.request.urlopen("http://example.com", timeout=1)),
]:
    try:
        act()
    except Exception as error:
        print(f"{name}: {type(error).__name__}: {error}")
    else:
        print(f"{name}: worked")
