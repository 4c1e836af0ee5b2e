// The Model Context Protocol, as far as a server with tools speaks it.
import { count } from "./words.mjs";

// The newest first.
const VERSIONS = ["2025-06-18", "2024-11-05"];

function countWords({ text }) {
    if (typeof text !== "string") throw new TypeError("`text` must be a string");
    return `${count(text)}`;
}

// What a model may call: what it is told of it, and the function, which may be asynchronous.
const TOOLS = new Map([
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
    constructor(code, message) {
        super(message);
        this.code = code;
    }
}

/** The reply to a message; none to a notification. */
export async function answer(line) {
    let message;
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

function isRequest(message) {
    return isObject(message) && message.jsonrpc === "2.0" && typeof message.method === "string" && ["number", "string", "undefined"].includes(typeof message.id);
}

function isObject(value) {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function failure(id, { code, message }) {
    return { error: { code, message }, id, jsonrpc: "2.0" };
}

async function result(method, params) {
    if (!isObject(params)) throw new Refusal(-32602, "the parameters are no object");
    switch (method) {
        case "initialize": {
            const { protocolVersion: asked } = params;
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
async function call(wanted, args) {
    const tool = TOOLS.get(wanted);
    if (tool === undefined) throw new Refusal(-32602, `there is no tool ${wanted}`);
    const said = (text, isError) => ({ content: [{ text, type: "text" }], isError });
    try {
        if (!isObject(args)) throw new TypeError("the arguments are no object");
        return said(await tool.run(args), false);
    } catch (error) {
        return said(error.message, true);
    }
}
