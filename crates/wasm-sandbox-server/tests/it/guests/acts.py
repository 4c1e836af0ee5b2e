# What the guests in Python do in the same way, whatever calls them: its text is the answer, and None is no path of these.
import itertools
import json
import sys
import urllib.request

answered = 0


def act(path, query):
    global answered
    match path:
        case "/hello":
            return "hello\n"
        case "/count":
            answered += 1
            return f"{answered}\n"
        case "/files":
            try:
                with open(query) as file:
                    return f"Ok({json.dumps(file.read())})\n"
            except OSError as error:
                return f"Err({error.errno})\n"
        case "/outgoing":
            try:
                urllib.request.urlopen(f"http://{query}/")
                return "Ok\n"
            except OSError as error:
                return f"Err({error})\n"
        case "/print":
            print(f"printed {query}")
            print(f"complained {query}", file=sys.stderr)
            return "printed\n"
        case "/trap":
            raise ValueError("no answer")
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
