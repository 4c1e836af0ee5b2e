// Answers a client's request with what a program exports: `export default { fetch(request) { ... } }`. Bodies go through frames of the kind
// `h`, which the host's `http_frame.rs` has.
import native from "internal:native";
import { URL } from "internal:address";
import { bytesOf, TextDecoder, TextEncoder } from "internal:encoding";
import { isAskedAs } from "internal:fetch";
import { handOver, Headers, Response, sent } from "internal:messages";
import { ReadableStream } from "internal:streams";

const NOTHING = new Uint8Array(0);
const PIECE = 65_536;
const MESSAGE = 512;
const encoder = new TextEncoder();

/** What the client says to the server that has taken the request, and not to who answers. */
const OF_SERVER = new Set(["expect", "trailer"]);

/** Asks the host for something: a number, and bytes. */
async function ask(asks, carried = NOTHING, room = 0) {
    const { promise, resolve } = Promise.withResolvers();
    const now = native.netAsk(`h${asks}`, 0, 0, carried, room, (...answer) => resolve(answer));
    const [status, bytes] = now ?? (await promise);
    return [status, new Uint8Array(bytes)];
}

/** The body of the request, as it comes. */
function incoming() {
    return new ReadableStream({
        async pull(controller) {
            const [length, bytes] = await ask("r", NOTHING, PIECE);
            if (length < 0) throw Object.assign(new TypeError("the body of the request broke off"), { code: "ECONNRESET" });
            if (length === 0) controller.close();
            else controller.enqueue(bytes);
        },
    }, { highWaterMark: 0 });
}

/** The request for the program; null for one whose host is none. */
function requestOf({ method, scheme, authority, path, headers, body }) {
    const url = URL.parse(`${scheme}://${authority || "localhost"}${path.startsWith("/") ? path : `/${path}`}`);
    if (url === null || url.username !== "" || url.password !== "") return null;
    const told = new Headers(headers.filter(([name]) => !OF_SERVER.has(name)));
    if (authority !== "") told.set("host", authority);
    isAskedAs(authority);
    const hasBody = body && method !== "GET" && method !== "HEAD";
    return sent(url.href, method, told, hasBody ? incoming() : null);
}

async function write(piece) {
    const bytes = typeof piece === "string" ? encoder.encode(piece) : bytesOf(piece);
    for (let rest = bytes; rest.length > 0; ) {
        const [taken] = await ask("w", rest.subarray(0, PIECE));
        if (taken < 0) throw new TypeError("nobody reads the answer any more, or it is longer than was said");
        rest = rest.subarray(taken);
    }
}

/** Sends an answer; its head goes before the first piece of its body is there. */
async function send(response, hasBody) {
    const { bytes, stream } = handOver(response);
    const headers = [...response.headers];
    if (bytes !== undefined && !response.headers.has("content-length")) headers.push(["content-length", `${bytes.length}`]);
    const [said, why] = await ask("s", encoder.encode(JSON.stringify({ status: response.status, headers })), MESSAGE);
    if (said < 0) throw new TypeError(new TextDecoder().decode(why));
    if (!hasBody) await stream?.cancel();
    else for await (const piece of stream ?? [bytes ?? NOTHING]) await write(piece);
    const [ended] = await ask("f");
    if (ended < 0) throw new TypeError("the body of the answer is not as long as was said");
}

/** What exports have a handler. */
function handlerOf(exports) {
    const handler = [exports?.default, exports].find((one) => typeof one?.fetch === "function");
    if (handler === undefined) throw new TypeError("there is no handler: it is what `export default { fetch(request) { ... } }` exports");
    return handler;
}

export async function serve(exports, asked, environment) {
    const handler = handlerOf(exports);
    const later = [];
    const context = { waitUntil: (promise) => void later.push(promise), passThroughOnException() {} };
    const request = requestOf(asked);
    const response = request === null
        ? new Response("the host of the request is none\n", { status: 400 })
        : await handler.fetch(request, environment, context);
    if (!(response instanceof Response)) {
        throw new TypeError(`\`fetch\` has to give a Response, and gave ${response === null ? "null" : typeof response}`);
    }
    await send(response, asked.method !== "HEAD");
    while (later.length > 0) await later.shift();
}
