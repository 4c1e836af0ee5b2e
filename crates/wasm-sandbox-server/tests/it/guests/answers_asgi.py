# Answers requests by ASGI in the way that their path says; `answers.py` does the same for WSGI.
import asyncio


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
    assert scope["type"] == "http"
    path, query = scope["path"], scope["query_string"].decode()

    async def start(status=200, headers=()):
        await send({"type": "http.response.start", "status": status, "headers": headers})

    async def piece(data, more=True):
        await send({"type": "http.response.body", "body": data, "more_body": more})

    async def answer(text):
        await start(headers=[(b"content-type", b"text/plain")])
        await piece(text.encode(), more=False)

    if (text := act(path, query)) is not None:
        await answer(text)
        return
    match path:
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
        case "/part":
            message = await receive()
            await answer(f"{len(message['body']) > 0}\n".lower())
        case "/nothing":
            pass
        case _:
            await start(404)
            await piece(b"", more=False)
