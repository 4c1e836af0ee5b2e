import inspect
from typing import Any, Callable

COMMANDS: dict[str, Callable[..., Any]] = {}


def command(name: str | None = None, *, aliases: tuple[str, ...] = ()):
    def decorate(function):
        for key in (name or function.__name__, *aliases):
            COMMANDS[key] = function
        return function

    return decorate


@command(aliases=("+",))
def add(*numbers: float) -> float:
    """Adds numbers."""
    return sum(numbers)


@command("say")
def speak(text: str, times: int = 1) -> str:
    return " ".join([text] * times)


def run(line: str):
    name, *words = line.split()
    if name not in COMMANDS:
        return f"unknown: {name}"
    function = COMMANDS[name]
    kinds = [p.annotation for p in inspect.signature(function).parameters.values()]
    kinds += [kinds[-1]] * (len(words) - len(kinds))
    try:
        return function(*(kind(word) for kind, word in zip(kinds, words)))
    except (TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


for line in ["add 1 2.5", "+ 3 4", "say hi 3", "say", "add x", "fly"]:
    print(run(line))
print({name: inspect.getdoc(f) for name, f in COMMANDS.items()})
