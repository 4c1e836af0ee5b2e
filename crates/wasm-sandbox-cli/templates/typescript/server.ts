// An MCP server: reads messages from standard input, a line each, and writes what it replies to standard output.
import { createInterface } from "node:readline";

import { answer } from "./mcp.ts";

for await (const line of createInterface({ input: process.stdin })) {
    const reply = line.trim() ? await answer(line) : undefined;
    if (reply !== undefined) console.log(JSON.stringify(reply));
}
