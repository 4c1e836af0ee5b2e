# Answers requests in the way that their path says; `answers.py` does the same for WSGI.
import asyncio
import itertools
import json
import sys
import urllib.request

answered = 0


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


async def pieces(receive):
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        yield message["body"]
        if not message["more_body"]:
            return


async def sum_of(receive):
    count, total, whole = 0, 0, True
    try:
        async for piece in pieces(receive):
            count += len(piece)
            total += sum(piece)
    except ConnectionResetError:
        whole = False
    return f"{count} {total} {str(whole).lower()}\n"


async def app(scope, receive, send):
    global answered
    assert scope["type"] == "http"
    path, query = scope["path"], scope["query_string"].decode()

    async def start(status=200, headers=()):
        await send({"type": "http.response.start", "status": status, "headers": headers})

    async def piece(data, more=True):
        await send({"type": "http.response.body", "body": data, "more_body": more})

    async def answer(text):
        await start(headers=[(b"content-type", b"text/plain")])
        await piece(text.encode(), more=False)

    match path:
        case "/hello":
            await answer("hello\n")
        case "/count":
            answered += 1
            await answer(f"{answered}\n")
        case "/echo":
            await start()
            async for one in pieces(receive):
                if one:
                    await piece(one)
            await piece(b"", more=False)
        case "/sum":
            await answer(await sum_of(receive))
        case "/status":
            await start(int(query))
            await piece(b"", more=False)
        case "/said":
            said, written = query.split(",")
            await start(headers=[(b"content-length", said.encode())])
            await piece(b"x" * int(written), more=False)
        case "/says":
            await start(headers=[(b"content-length", query.encode())])
            await piece(b"", more=False)
        case "/flood":
            await start()
            while True:
                await piece(bytes(4096))
        case "/slow":
            await start()
            for number in itertools.count():
                await piece(f"{number}\n".encode())
                await asyncio.sleep(int(query) / 1000)
        case "/files":
            await answer(files(query))
        case "/print":
            print(f"printed {query}")
            print(f"complained {query}", file=sys.stderr)
            await answer("printed\n")
        case "/outgoing":
            await answer(outgoing(query))
        case "/part":
            message = await receive()
            await answer(f"{len(message['body']) > 0}\n".lower())
        case "/trap":
            raise ValueError("no answer")
        case "/nothing":
            pass
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
            await start(404)
            await piece(b"", more=False)
