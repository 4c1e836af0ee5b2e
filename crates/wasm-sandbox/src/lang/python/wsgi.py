"""Answers HTTP requests with a WSGI application: bodies go through frames of the kind `h`, which `host/http_frame.rs` has."""


def _wsgi():
    import io
    import json
    import sys
    import urllib.parse

    import _host

    HEAD = 16
    PIECE = 64 << 10

    def door(asks, carried=b"", room=0, ms=-1, kind=b"h", also=0):
        """Hands a frame to the host, which has so many milliseconds: how it went, and what came."""
        length = room if asks == b"r" else len(carried)
        frame = bytearray(kind + asks + also.to_bytes(2, "little") + bytes(4))
        frame += length.to_bytes(4, "little") + ms.to_bytes(4, "little", signed=True)
        frame += carried
        frame += bytes(max(0, HEAD + room - len(frame)))
        _host.call(frame)
        status, length = int.from_bytes(frame[:4], "little", signed=True), int.from_bytes(frame[4:8], "little")
        return status, memoryview(frame)[HEAD : HEAD + length]

    class Input(io.RawIOBase):
        """The body of the request, as it comes."""

        def readable(self):
            return True

        def readinto(self, buffer):
            count, came = door(b"r", room=min(len(buffer), PIECE))
            if count < 0:
                raise ConnectionResetError("the body of the request broke off")
            buffer[:count] = came[:count]
            return count

    class Answer:
        """Status and fields as the application says them; they go out with the first bytes of the body."""

        def __init__(self):
            self.head, self.sent = None, False

        def start(self, status, headers, exc_info=None):
            if exc_info:
                try:
                    if self.sent:
                        raise exc_info[1].with_traceback(exc_info[2])
                finally:
                    exc_info = None
            elif self.head is not None:
                raise AssertionError("start_response was called twice")
            for name, value in [("status", status), *headers]:
                if type(name) is not str or type(value) is not str:
                    raise TypeError(f"{name!r}: {value!r} has to be text")
            self.head = status, list(headers)
            return self.write

        def write(self, data):
            if not isinstance(data, (bytes, bytearray, memoryview)):
                raise TypeError(f"a WSGI application gives bytes, not {type(data).__name__}")
            if data:
                self.begin()
            rest = memoryview(data).cast("B") if data else b""
            while rest:
                count, _ = door(b"w", rest[:PIECE])
                if count < 0:
                    raise BrokenPipeError("nobody reads the answer any more, or it is longer than was said")
                rest = rest[count:]

        def begin(self):
            if self.sent:
                return
            if self.head is None:
                raise AssertionError("the application has not called start_response")
            status, headers = self.head
            code = status.partition(" ")[0]
            if len(code) != 3 or not code.isdigit():
                raise ValueError(f"{status!r} is no status: it is three digits, a space and a reason")
            self.sent = True
            said, why = door(b"s", json.dumps({"status": int(code), "headers": headers}).encode(), room=512)
            if said < 0:
                raise ValueError(bytes(why).decode(errors="replace"))

        def finish(self):
            self.begin()
            if door(b"f")[0] < 0:
                raise ValueError("the body of the answer is not as long as was said")

    def environ(request):
        path, _, query = request["path"].partition("?")
        # As bytes, each a character.
        path = urllib.parse.unquote_to_bytes(path).decode("latin-1")
        query = query.encode().decode("latin-1")
        server, colon, port = request["authority"].rpartition(":")
        if not colon or not port.isdigit():
            server, port = request["authority"], ""
        made = {
            "REQUEST_METHOD": request["method"],
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": server or "localhost",
            "SERVER_PORT": port or ("443" if request["scheme"] == "https" else "80"),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": request["scheme"],
            "wsgi.input": io.BufferedReader(Input(), PIECE),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": True,
            "wsgi.run_once": True,
            "wsgi.input_terminated": True,
        }
        if request["authority"]:
            made["HTTP_HOST"] = request["authority"]
        for name, value in request["headers"]:
            if "_" in name:
                # It could pass for one with a dash.
                continue
            key = name.upper().replace("-", "_")
            key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key
            made[key] = f"{made[key]},{value}" if key in made else value
        return made

    def serve(application, request):
        answer = Answer()
        pieces = application(environ(request), answer.start)
        try:
            for piece in pieces:
                answer.write(piece)
            answer.finish()
        finally:
            if hasattr(pieces, "close"):
                pieces.close()

    return serve, door


_wsgi = *_wsgi(), _wsgi.__code__
