# Answers requests by WSGI in the way that their path says; `guests/http` and `answers.js` do the same.
import time


def sum_of(body):
    count, total, whole = 0, 0, True
    try:
        while piece := body.read1(65536):
            count += len(piece)
            total += sum(piece)
    except ConnectionResetError:
        whole = False
    return f"{count} {total} {str(whole).lower()}\n"


def slow(seconds):
    for piece in itertools.count():
        yield f"{piece}\n".encode()
        time.sleep(seconds)


def application(environ, start_response):
    path, query, body = environ["PATH_INFO"], environ["QUERY_STRING"], environ["wsgi.input"]

    def answer(text):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [text.encode()]

    if (text := act(path, query)) is not None:
        return answer(text)
    match path:
        case "/echo":
            start_response("200 OK", [])
            return iter(lambda: body.read1(65536), b"")
        case "/sum":
            return answer(sum_of(body))
        case "/status":
            start_response(f"{query} Said", [])
            return []
        case "/said":
            said, written = query.split(",")
            start_response("200 OK", [("Content-Length", said)])
            return [b"x" * int(written)]
        case "/says":
            start_response("200 OK", [("Content-Length", query)])
            return []
        case "/flood":
            start_response("200 OK", [])
            return itertools.repeat(bytes(4096))
        case "/slow":
            start_response("200 OK", [])
            return slow(int(query) / 1000)
        case "/part":
            return answer(f"{len(body.read(10)) == 10}\n".lower())
        case "/nothing":
            return []
        case _:
            start_response("404 Not Found", [])
            return []
