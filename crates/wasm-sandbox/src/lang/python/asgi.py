"""Answers HTTP requests with an ASGI application, on the driver's event loop: what it has to wait for there is a body that can go on."""


def _asgi(door):
    import asyncio
    import json
    import math
    import urllib.parse

    PIECE = 64 << 10
    # What the host says of what cannot be done yet, and what it is asked to wait for.
    LATE, TOOLS, READS, WRITES = -12, 1, 2, 4
    VERSION = {"version": "3.0", "spec_version": "2.3"}
    # Frames that cannot be answered yet, and who waits for them.
    waiting = []

    def ask(asks, carried=b"", room=0):
        """An awaitable of how it went, and what came."""
        future = asyncio.get_running_loop().create_future()
        waiting.append((asks, carried, room, future))
        answer(waiting[-1])
        return future

    def answer(frame):
        *asked, future = frame
        if not future.done():
            status, came = door(*asked, ms=0)
            if status == LATE:
                return
            future.set_result((status, bytes(came)))
        waiting.remove(frame)

    def wait(timeout, tools):
        """Waits for a body, a tool or the time, in place of the event loop. False if nobody waits for a body."""
        asked = {asks for asks, _, _, future in waiting if not future.done()}
        if asked:
            also = TOOLS * tools | READS * (b"r" in asked) | WRITES * (b"w" in asked)
            door(b"w", ms=-1 if timeout is None else math.ceil(timeout * 1000), kind=b"n", also=also)
        for frame in waiting[:]:
            answer(frame)
        return bool(asked)

    class Exchange:
        """A request and its answer, whose head goes out with the first message of its body."""

        def __init__(self):
            self.start, self.begun, self.all_read, self.over = None, False, False, asyncio.Event()

        async def receive(self):
            if self.all_read or self.over.is_set():
                await self.over.wait()
                return {"type": "http.disconnect"}
            count, came = await ask(b"r", room=PIECE)
            self.all_read = count <= 0
            if count < 0:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": came, "more_body": count > 0}

        async def send(self, message):
            kind = message["type"]
            if kind == "http.response.start" and self.start is None:
                self.start = message
            elif kind == "http.response.body" and self.start is not None and not self.over.is_set():
                self.begin()
                rest = memoryview(message.get("body", b""))
                while rest:
                    count, _ = await ask(b"w", rest[:PIECE])
                    if count < 0:
                        raise BrokenPipeError("nobody reads the answer any more, or it is longer than was said")
                    rest = rest[count:]
                if not message.get("more_body", False):
                    self.finish()
            else:
                raise RuntimeError(f"the application sends {kind!r}, which cannot come here")

        def begin(self):
            if self.begun:
                return
            self.begun = True
            headers = [(bytes(name).decode("latin-1"), bytes(value).decode("latin-1")) for name, value in self.start.get("headers", [])]
            said, why = door(b"s", json.dumps({"status": self.start["status"], "headers": headers}).encode(), room=512)
            if said < 0:
                raise ValueError(bytes(why).decode(errors="replace"))

        def finish(self):
            self.over.set()
            if door(b"f")[0] < 0:
                raise ValueError("the body of the answer is not as long as was said")

    class Life:
        """The application's life, which is that of the instance. An application that knows nothing of it has none."""

        def __init__(self, application, state):
            self.inbox, self.told = asyncio.Queue(), asyncio.Queue()
            scope = {"type": "lifespan", "asgi": VERSION, "state": state}
            self.task = asyncio.ensure_future(application(scope, self.inbox.get, self.told.put))

        async def reach(self, stage):
            self.inbox.put_nowait({"type": f"lifespan.{stage}"})
            told = asyncio.ensure_future(self.told.get())
            await asyncio.wait([told, self.task], return_when=asyncio.FIRST_COMPLETED)
            if not told.done():
                told.cancel()
                # The specification has it go on without.
                self.task.exception()
            elif told.result()["type"] == f"lifespan.{stage}.failed":
                raise RuntimeError(f"the application's {stage} failed: {told.result().get('message', '')}")

    def scope_of(request, state):
        path, _, query = request["path"].partition("?")
        server, colon, port = request["authority"].rpartition(":")
        if not colon or not port.isdigit():
            server, port = request["authority"], "443" if request["scheme"] == "https" else "80"
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request["headers"]]
        if request["authority"]:
            headers.insert(0, (b"host", request["authority"].encode()))
        return {
            "type": "http",
            "asgi": VERSION,
            "http_version": "1.1",
            "method": request["method"],
            "scheme": request["scheme"],
            "path": urllib.parse.unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": headers,
            "client": None,
            "server": (server or "localhost", int(port)),
            "state": dict(state),
        }

    async def serve(application, request):
        state = {}
        life = Life(application, state)
        await life.reach("startup")
        exchange = Exchange()
        await application(scope_of(request, state), exchange.receive, exchange.send)
        if not exchange.over.is_set():
            raise RuntimeError("the application ended without an answer, or before the end of it")
        if not life.task.done():
            await life.reach("shutdown")

    return lambda application, request: asyncio.run(serve(application, request)), wait


_asgi_code = _asgi.__code__
