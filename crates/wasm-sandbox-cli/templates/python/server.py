"""An MCP server: reads messages from standard input, a line each, and writes what it replies to standard output."""

import json
import sys

from mcp import answer

for line in sys.stdin.buffer:
    reply = answer(line) if line.strip() else None
    if reply is not None:
        print(json.dumps(reply, separators=(",", ":")), flush=True)
