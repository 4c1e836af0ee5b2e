// The Model Context Protocol, as far as a server with tools speaks it.
import { count } from "./words.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Parameters = { [key: string]: Json };
type Id = number | string | null;

interface Message {
    id?: number | string;
    method: string;
    params?: Json;
}

export interface Reply {
    id: Id;
    jsonrpc: "2.0";
    result?: any;
    error?: { code: number; message: string };
}

interface Tool {
    description: string;
    inputSchema: Json;
    run(args: Parameters): string | Promise<string>;
}

// The newest first.
const VERSIONS = ["2025-06-18", "2024-11-05"];

function countWords({ text }: Parameters): string {
    if (typeof text !== "string") throw new TypeError("`text` must be a string");
    return `${count(text)}`;
}

// What a model may call: what it is told of it, and the function, which may be asynchronous.
const TOOLS = new Map<Json, Tool>([
    [
        "count_words",
        {
            description: "Counts the words of a text.",
            inputSchema: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
            run: countWords,
        },
    ],
]);

/** A request that is answered with an error. */
class Refusal extends Error {
    constructor(readonly code: number, message: string) {
        super(message);
    }
}

/** The reply to a message; none to a notification. */
export async function answer(line: string): Promise<Reply | undefined> {
    let message: Json;
    try {
        message = JSON.parse(line);
    } catch {
        return failure(null, new Refusal(-32700, "this is no JSON"));
    }
    if (!isRequest(message)) return failure(null, new Refusal(-32600, "this is no request"));
    const { id, method, params = {} } = message;
    if (id === undefined) return undefined;
    try {
        return { id, jsonrpc: "2.0", result: await result(method, params) };
    } catch (error) {
        if (error instanceof Refusal) return failure(id, error);
        throw error;
    }
}

function isRequest(message: any): message is Message {
    return isObject(message) && message.jsonrpc === "2.0" && typeof message.method === "string" && ["number", "string", "undefined"].includes(typeof message.id);
}

function isObject(value: Json): value is Parameters {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function failure(id: Id, { code, message }: Refusal): Reply {
    return { error: { code, message }, id, jsonrpc: "2.0" };
}

async function result(method: string, params: Json): Promise<object> {
    if (!isObject(params)) throw new Refusal(-32602, "the parameters are no object");
    switch (method) {
        case "initialize": {
            const asked = `${params.protocolVersion}`;
            return {
                capabilities: { tools: {} },
                protocolVersion: VERSIONS.includes(asked) ? asked : VERSIONS[0],
                serverInfo: { name: "{name}", version: "0.1.0" },
            };
        }
        case "ping":
            return {};
        case "tools/list":
            return { tools: [...TOOLS].map(([name, { description, inputSchema }]) => ({ name, description, inputSchema })) };
        case "tools/call":
            return call(params.name, params.arguments ?? {});
        default:
            throw new Refusal(-32601, `there is no method ${method}`);
    }
}

/** What a tool says, or why it failed: the model reads both. */
async function call(wanted: Json, args: Json): Promise<object> {
    const tool = TOOLS.get(wanted);
    if (tool === undefined) throw new Refusal(-32602, `there is no tool ${wanted}`);
    const said = (text: string, isError: boolean) => ({ content: [{ text, type: "text" }], isError });
    try {
        if (!isObject(args)) throw new TypeError("the arguments are no object");
        return said(await tool.run(args), false);
    } catch (error) {
        return said((error as Error).message, true);
    }
}
