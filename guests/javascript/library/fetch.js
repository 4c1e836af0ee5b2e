// `fetch`: the host connects, encrypts and checks each request; redirects are followed here, each a request of its own.
import native from "internal:native";
import { bytesOf } from "internal:encoding";
import { answered, handOver, Headers, Request } from "internal:messages";
import { ReadableStream } from "internal:streams";
import { URL } from "internal:address";

const NOTHING = new Uint8Array(0);
const PIECE = 65_536;
const HEAD = 72 * 1024;
const REDIRECTS = [301, 302, 303, 307, 308];
const MAX_REDIRECTS = 5;

/** What the host's failures are called, by their numbers. */
const CODES = {
    "-1": "EACCES", "-2": "ENOTFOUND", "-3": "ECONNREFUSED", "-4": "ECONNRESET", "-5": "EHOSTUNREACH", "-6": "ETIMEDOUT", "-7": "ERR_TLS",
    "-8": "EMFILE", "-9": "ECONNABORTED", "-10": "EPIPE", "-11": "EIO", "-13": "ERR_INVALID_REQUEST", "-14": "ERR_INVALID_RESPONSE",
};

function failed(message, code) {
    const error = new TypeError(`fetch failed: ${message}`);
    return code === undefined ? error : Object.assign(error, { code });
}

/** Failures that the host has told of. */
const told = new WeakSet();

/** Asks the host for something: a number, and bytes. */
async function ask(asks, request, carried = NOTHING, room = 0, port = 0) {
    const { promise, resolve } = Promise.withResolvers();
    const now = native.netAsk(`n${asks}`, request, port, carried, room, (...answer) => resolve(answer));
    const [status, bytes] = now ?? (await promise);
    if (status >= 0) return [status, new Uint8Array(bytes)];
    const error = failed(native.decode(new Uint8Array(bytes), "utf-8", false), CODES[status] ?? "EIO");
    told.add(error);
    throw error;
}

/** Whether the network did not take something, which the host tells again to whoever asks for the answer. */
function isLost(error) {
    return told.has(error) && error.code !== "EACCES" && error.code !== "ERR_INVALID_REQUEST";
}

/** Bytes as characters, each the one of its number. */
function latin(bytes) {
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return text;
}

/** Begins a request; its number. Where as many are open as may be, another has to end first. */
async function begin(carried, port) {
    for (let turn = !native.netIsFull(); ; turn = false) {
        if (!turn) await new Promise((wake) => native.netQueue(wake));
        try {
            const [, bytes] = await ask("h", 0, carried, 0, port);
            const request = new DataView(bytes.buffer).getUint32(0, true);
            native.netOpened(request);
            return request;
        } catch (error) {
            if (error.code === "EMFILE" && native.netIsOpen()) continue;
            native.netNext();
            throw error;
        }
    }
}

function end(request) {
    native.netClose(request);
    native.netNext();
}

/** Ends requests whose answers nobody can read any more. */
const dropped = new FinalizationRegistry((request) => end(request));

/** One request and its answer. */
class Exchange {
    #request;
    #signal;
    #stopped = Promise.withResolvers();
    #abort = () => this.#end(this.#signal.reason);
    #token = {};
    #ended = false;

    constructor(request, signal) {
        [this.#request, this.#signal] = [request, signal];
        this.#stopped.promise.catch(() => {});
        signal.addEventListener("abort", this.#abort);
        if (signal.aborted) this.#abort();
    }

    /** Ends it, whatever has become of it. With a reason, whoever waits is told. */
    #end(reason) {
        if (this.#ended) return;
        this.#ended = true;
        this.#signal.removeEventListener("abort", this.#abort);
        dropped.unregister(this.#token);
        if (reason !== undefined) this.#stopped.reject(reason);
        end(this.#request);
    }

    async #ask(asks, ...more) {
        try {
            return await Promise.race([this.#stopped.promise, ask(asks, this.#request, ...more)]);
        } catch (error) {
            this.#end();
            throw error;
        }
    }

    /** Sends the body beside what else goes on. */
    async send(bytes, stream) {
        try {
            for await (const piece of stream ?? [bytes]) {
                for (let rest = bytesOf(piece); rest.length > 0; ) {
                    const [sent] = await ask("b", this.#request, rest.subarray(0, PIECE));
                    rest = rest.subarray(sent);
                }
            }
            await ask("e", this.#request);
        } catch (error) {
            if (!isLost(error)) this.#end(error ?? failed("the body could not be read"));
        }
    }

    /** The head of the answer: the status, what it is called, and headers. */
    async head() {
        const [, bytes] = await this.#ask("a", NOTHING, HEAD);
        const [status, statusText, ...lines] = latin(bytes).split("\n");
        const headers = new Headers();
        for (const line of lines) {
            const at = line.indexOf(":");
            headers.append(line.slice(0, at), line.slice(at + 1));
        }
        return { status: Number(status), statusText, headers };
    }

    /** The rest of the answer. */
    body() {
        const stream = new ReadableStream({
            pull: async (controller) => {
                const [len, bytes] = await this.#ask("g", NOTHING, PIECE);
                if (len > 0) return controller.enqueue(bytes);
                this.#end();
                controller.close();
            },
            cancel: () => this.#end(),
        }, { highWaterMark: 0 });
        const request = this.#request;
        dropped.register(stream, request, this.#token);
        return stream;
    }

    close() {
        this.#end();
    }
}

/** The host that is asked by the request that is answered: what its headers say of it is not for others. */
let asked = null;

export function isAskedAs(host) {
    asked = host.toLowerCase();
}

function portOf(url) {
    if (url.port !== "") return Number(url.port);
    return url.protocol === "https:" ? 443 : 80;
}

/** What the host is to send, in lines. */
function frameOf(url, method, headers, bytes, stream) {
    const said = headers.get("content-length");
    const length = stream ? (/^\d+$/.test(said) ? said : "*") : bytes ? `${bytes.length}` : "-";
    const lines = [method, url.protocol.slice(0, -1), url.hostname.replace(/^\[|\]$/g, ""), url.pathname + url.search, length];
    for (const [name, value] of headers) {
        if (!isSaid(name, value, url, length)) lines.push(`${name}:${value}`);
    }
    return Uint8Array.from(lines.join("\n"), (character) => character.charCodeAt(0));
}

/** Whether a header says what the host says by itself. What says something else is the host's to refuse. */
function isSaid(name, value, url, length) {
    if (name === "connection") return /^(?:close|keep-alive)$/i.test(value);
    if (name === "host") return [url.host, asked].includes(value.toLowerCase());
    return name === "keep-alive" || (name === "content-length" && (value === length || (value === "0" && length === "-")));
}

/** What would grant it, where that is one flag. */
function hint(error, url) {
    if (error.code !== "EACCES" || /neither a name|no host|not sent/.test(error.message)) return error;
    const host = url.hostname === "localhost" ? "127.0.0.1" : url.hostname;
    return failed(`${error.message.replace(/^fetch failed: /, "")}; \`--allow-net ${host}:${portOf(url)}\` grants it`, error.code);
}

/** Where a redirect leads, and what is asked for there. */
function redirected(hop, status, location) {
    const url = URL.parse(location, hop.url.href);
    if (url === null) throw failed("a redirect leads to what is no URL");
    if (url.hash === "") url.hash = hop.url.hash;
    const next = { ...hop, url, headers: new Headers(hop.headers) };
    if ((status === 303 && !["GET", "HEAD"].includes(hop.method)) || (status < 303 && hop.method === "POST")) {
        Object.assign(next, { method: "GET", bytes: undefined, stream: null });
        for (const name of ["content-encoding", "content-language", "content-length", "content-location", "content-type"]) next.headers.delete(name);
    }
    if (next.stream) throw failed("a redirect asks for the body again, which was a stream");
    if (url.origin !== hop.url.origin) for (const name of ["authorization", "cookie", "host", "proxy-authorization"]) next.headers.delete(name);
    return next;
}

async function once({ url, method, headers, bytes, stream, signal }) {
    if (url.protocol !== "http:" && url.protocol !== "https:") throw failed(`the scheme \`${url.protocol.slice(0, -1)}\` is not supported`);
    if (url.username !== "" || url.password !== "") throw failed("a redirect leads to a URL with credentials");
    signal.throwIfAborted();
    const request = await begin(frameOf(url, method, headers, bytes, stream), portOf(url)).catch((error) => {
        throw hint(error, url);
    });
    const exchange = new Exchange(request, signal);
    if (bytes || stream) exchange.send(bytes, stream);
    const head = await exchange.head().catch((error) => {
        throw hint(error, url);
    });
    return { head, exchange };
}

export async function fetch(input, init) {
    const request = new Request(input, init);
    const headers = new Headers(request.headers);
    for (const [name, value] of [["accept", "*/*"], ["user-agent", "wasm-sandbox"]]) if (!headers.has(name)) headers.set(name, value);
    let hop = { url: new URL(request.url), method: request.method, headers, signal: request.signal, ...handOver(request) };
    for (let hops = 0; ; hops++) {
        const { head, exchange } = await once(hop);
        const location = REDIRECTS.includes(head.status) ? head.headers.get("location") : null;
        if (location === null || request.redirect === "manual") {
            const url = new URL(hop.url);
            url.hash = "";
            const isEmpty = hop.method === "HEAD" || [204, 205, 304].includes(head.status);
            if (isEmpty) exchange.close();
            return answered(isEmpty ? null : exchange.body(), { ...head, url: url.href, redirected: hops > 0 });
        }
        exchange.close();
        if (request.redirect === "error") throw failed("a redirect came, and was not to be followed");
        if (hops === MAX_REDIRECTS) throw failed(`there were more than ${MAX_REDIRECTS} redirects`);
        hop = redirected(hop, head.status, location);
    }
}
