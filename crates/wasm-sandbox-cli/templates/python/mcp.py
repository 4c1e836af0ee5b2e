"""The Model Context Protocol, as far as a server with tools speaks it."""

import json

from words import count

# The newest first.
VERSIONS = ["2025-06-18", "2024-11-05"]


def count_words(text):
    if not isinstance(text, str):
        raise TypeError("`text` must be a string")
    return str(count(text))


# What a model may call: what it is told of it, and the function.
TOOLS = {
    "count_words": (
        {
            "description": "Counts the words of a text.",
            "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
        },
        count_words,
    ),
}


class Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code, self.message = code, message


def answer(line):
    """The reply to a message; none to a notification."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return failure(None, Refusal(-32700, "this is no JSON"))
    if not is_request(message):
        return failure(None, Refusal(-32600, "this is no request"))
    if "id" not in message:
        return None
    try:
        return {"id": message["id"], "jsonrpc": "2.0", "result": result(message["method"], message.get("params", {}))}
    except Refusal as refusal:
        return failure(message["id"], refusal)


def is_request(message):
    known = isinstance(message, dict) and message.get("jsonrpc") == "2.0" and isinstance(message.get("method"), str)
    return known and type(message.get("id", 0)) in (int, float, str)


def failure(id, refusal):
    return {"error": {"code": refusal.code, "message": refusal.message}, "id": id, "jsonrpc": "2.0"}


def result(method, params):
    if not isinstance(params, dict):
        raise Refusal(-32602, "the parameters are no object")
    if method == "initialize":
        asked = params.get("protocolVersion")
        return {
            "capabilities": {"tools": {}},
            "protocolVersion": asked if asked in VERSIONS else VERSIONS[0],
            "serverInfo": {"name": "{name}", "version": "0.1.0"},
        }
    if method == "ping":
        return {}
    if method == "tools/list":
        return {"tools": [{"name": name, **told} for name, (told, _) in TOOLS.items()]}
    if method == "tools/call":
        return call(params.get("name"), params.get("arguments", {}))
    raise Refusal(-32601, f"there is no method {method}")


def call(wanted, arguments):
    """What a tool says, or why it failed: the model reads both."""
    if not isinstance(wanted, str) or wanted not in TOOLS:
        raise Refusal(-32602, f"there is no tool {wanted}")
    try:
        said, failed = TOOLS[wanted][1](**arguments), False
    except Exception as error:
        said, failed = str(error), True
    return {"content": [{"text": said, "type": "text"}], "isError": failed}
