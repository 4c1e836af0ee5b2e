# Answers requests in the way that their path says; `guests/http` and `answers.js` do the same.
import itertools
import json
import sys
import time
import urllib.request

answered = 0


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


def files(path):
    try:
        with open(path) as file:
            return f"Ok({json.dumps(file.read())})\n"
    except OSError as error:
        return f"Err({error.errno})\n"


def outgoing(authority):
    try:
        urllib.request.urlopen(f"http://{authority}/")
        return "Ok\n"
    except OSError as error:
        return f"Err({error})\n"


def application(environ, start_response):
    global answered
    path, query, body = environ["PATH_INFO"], environ["QUERY_STRING"], environ["wsgi.input"]

    def answer(text):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [text.encode()]

    match path:
        case "/hello":
            return answer("hello\n")
        case "/count":
            answered += 1
            return answer(f"{answered}\n")
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
        case "/files":
            return answer(files(query))
        case "/print":
            print(f"printed {query}")
            print(f"complained {query}", file=sys.stderr)
            return answer("printed\n")
        case "/outgoing":
            return answer(outgoing(query))
        case "/part":
            return answer(f"{len(body.read(10)) == 10}\n".lower())
        case "/trap":
            raise ValueError("no answer")
        case "/nothing":
            return []
        case "/loop":
            if query:
                with open(query, "w") as file:
                    file.write("begun")
            while True:
                pass
        case "/memory":
            held = []
            while True:
                held.append(b"1" * (1 << 20))
        case _:
            start_response("404 Not Found", [])
            return []
