// `Headers`, `Request` and `Response`.
import { custom } from "internal:inspect";
import { bytesOf, joinBytes, TextDecoder, TextEncoder } from "internal:encoding";
import { isDisturbed, ReadableStream } from "internal:streams";
import { URL, URLSearchParams } from "internal:address";
import { AbortController, AbortSignal } from "internal:web";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function nameOf(name) {
    if (!TOKEN.test(`${name}`)) throw new TypeError(`Headers: "${name}" is an invalid header name.`);
    return `${name}`.toLowerCase();
}

function valueOf(value) {
    const text = `${value}`.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
    if (/[^\t\x20-\x7e\x80-\xff]/.test(text)) throw new TypeError(`Headers: "${text}" is an invalid header value.`);
    return text;
}

export class Headers {
    #values = new Map();

    constructor(init) {
        if (init === undefined) return;
        if (typeof init !== "object" || init === null) throw new TypeError("Headers: the init has to be an object.");
        const pairs = typeof init[Symbol.iterator] === "function" ? init : Object.entries(init);
        for (const pair of pairs) {
            const [name, value, ...more] = pair;
            if (value === undefined && [...pair].length !== 2 || more.length > 0) throw new TypeError("Headers: each of the init has to be a name and a value.");
            this.append(name, value);
        }
    }

    append(name, value) {
        const [key, text] = [nameOf(name), valueOf(value)];
        this.#values.set(key, [...(this.#values.get(key) ?? []), text]);
    }

    set(name, value) {
        this.#values.set(nameOf(name), [valueOf(value)]);
    }

    delete(name) {
        this.#values.delete(nameOf(name));
    }

    get(name) {
        return this.#values.get(nameOf(name))?.join(", ") ?? null;
    }

    has(name) {
        return this.#values.has(nameOf(name));
    }

    getSetCookie() {
        return [...(this.#values.get("set-cookie") ?? [])];
    }

    forEach(action, self) {
        for (const [name, value] of this) action.call(self, value, name, this);
    }

    *entries() {
        for (const name of [...this.#values.keys()].sort()) {
            const values = this.#values.get(name) ?? [];
            if (name === "set-cookie") for (const value of values) yield [name, value];
            else yield [name, values.join(", ")];
        }
    }

    *keys() {
        for (const [name] of this) yield name;
    }

    *values() {
        for (const [, value] of this) yield value;
    }

    [Symbol.iterator]() {
        return this.entries();
    }

    get [Symbol.toStringTag]() {
        return "Headers";
    }

    [custom](depth, options, inspect) {
        return `Headers ${inspect(Object.fromEntries(this), options)}`;
    }
}

/** What a body is made of: its bytes or a stream of them, and its type. */
function extract(body) {
    if (body === undefined || body === null) return {};
    if (body instanceof ReadableStream) {
        if (body.locked || isDisturbed(body)) throw new TypeError("Body is unusable: it is locked, or was read");
        return { stream: body };
    }
    if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return { bytes: bytesOf(body).slice() };
    if (body instanceof URLSearchParams) return { bytes: new TextEncoder().encode(`${body}`), type: "application/x-www-form-urlencoded;charset=UTF-8" };
    if (typeof body === "object" && typeof body[Symbol.asyncIterator] === "function") return { stream: ReadableStream.from(body) };
    return { bytes: new TextEncoder().encode(`${body}`), type: "text/plain;charset=UTF-8" };
}

/** What requests and answers have in common. */
class Body {
    #bytes;
    #stream = null;
    #used = false;

    constructor({ bytes, stream = null } = {}) {
        this.#bytes = bytes;
        this.#stream = stream;
    }

    get body() {
        if (this.#stream === null && this.#bytes !== undefined) {
            this.#stream = ReadableStream.from(this.#bytes.length > 0 ? [this.#bytes] : []);
            this.#bytes = undefined;
        }
        return this.#stream;
    }

    get bodyUsed() {
        return this.#used || this.#stream !== null && isDisturbed(this.#stream);
    }

    async bytes() {
        if (this.bodyUsed || this.#stream?.locked) throw new TypeError("Body is unusable: Body has already been read");
        if (this.#stream === null) {
            this.#used = this.#bytes !== undefined;
            return this.#bytes ?? new Uint8Array(0);
        }
        const pieces = [];
        for await (const piece of this.#stream) pieces.push(bytesOf(piece));
        return pieces.length === 1 ? pieces[0] : joinBytes(...pieces);
    }

    async arrayBuffer() {
        const bytes = await this.bytes();
        return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
    }

    async text() {
        return new TextDecoder().decode(await this.bytes());
    }

    async json() {
        return JSON.parse(await this.text());
    }

    /** What another one like it is made of. */
    static split(message) {
        if (message.bodyUsed || message.#stream?.locked) throw new TypeError("Body is unusable: Body has already been read");
        if (message.#stream === null) return { bytes: message.#bytes };
        const [own, other] = message.#stream.tee();
        message.#stream = own;
        return { stream: other };
    }

    /** The body, for somebody who sends it. */
    static hand(message) {
        if (message.bodyUsed || message.#stream?.locked) throw new TypeError("Body is unusable: Body has already been read");
        const given = { bytes: message.#bytes, stream: message.#stream };
        message.#used = given.bytes !== undefined || given.stream !== null;
        return given;
    }
}
const { split, hand } = Body;
delete Body.split;
delete Body.hand;

/** The bytes or the stream of a message's body, which counts as read. */
export const handOver = hand;

const USUAL = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);

function methodOf(method) {
    const text = `${method}`;
    if (!TOKEN.test(text)) throw new TypeError(`'${text}' is not a valid HTTP method.`);
    const upper = text.toUpperCase();
    if (["CONNECT", "TRACE", "TRACK"].includes(upper)) throw new TypeError(`'${text}' HTTP method is unsupported.`);
    return USUAL.has(upper) ? upper : text;
}

function urlOf(input) {
    const url = URL.parse(`${input}`);
    if (url === null) throw new TypeError(`Failed to parse URL from ${input}`);
    if (url.username !== "" || url.password !== "") throw new TypeError(`Request cannot be constructed from a URL that includes credentials: ${url.origin}`);
    return url.href;
}

export class Request extends Body {
    #url;
    #method;
    #headers;
    #redirect;
    #signal;

    constructor(input, init = {}) {
        const from = input instanceof Request ? input : undefined;
        const url = from ? from.url : urlOf(input);
        const method = init.method !== undefined ? methodOf(init.method) : (from?.method ?? "GET");
        const given = extract(init.body);
        if ((init.body ?? null) !== null && (method === "GET" || method === "HEAD")) throw new TypeError("Request with GET/HEAD method cannot have body.");
        super((init.body ?? null) === null && from ? hand(from) : given);
        const redirect = init.redirect ?? from?.redirect ?? "follow";
        if (!["follow", "manual", "error"].includes(redirect)) throw new TypeError(`Request: '${redirect}' is no way to deal with redirects.`);
        const signal = init.signal ?? from?.signal ?? new AbortController().signal;
        if (!(signal instanceof AbortSignal)) throw new TypeError("Request: the signal has to be an AbortSignal.");
        this.#headers = new Headers(init.headers ?? from?.headers);
        if (given.type && !this.#headers.has("content-type")) this.#headers.set("content-type", given.type);
        [this.#url, this.#method, this.#redirect, this.#signal] = [url, method, redirect, signal];
    }

    get url() { return this.#url; }
    get method() { return this.#method; }
    get headers() { return this.#headers; }
    get redirect() { return this.#redirect; }
    get signal() { return this.#signal; }

    /** A request as a client has sent it, whatever its method. */
    static sent(url, method, headers, stream) {
        const request = new Request(url, { method: stream ? "POST" : "GET", headers, body: stream });
        request.#method = method;
        return request;
    }

    clone() {
        const { url, method, headers, redirect, signal } = this;
        const { bytes, stream } = split(this);
        return new Request(url, { method, headers, redirect, signal, body: stream ?? bytes ?? null });
    }

    get [Symbol.toStringTag]() {
        return "Request";
    }
}

/** Requests for handlers are made here. */
export const { sent } = Request;
delete Request.sent;

const EMPTY = [101, 204, 205, 304];

export class Response extends Body {
    #status;
    #statusText;
    #headers;
    #url = "";
    #redirected = false;
    #type = "default";

    constructor(body = null, { status = 200, statusText = "", headers } = {}) {
        if (!(status >= 200 && status <= 599)) throw new RangeError('init["status"] must be in the range of 200 to 599, inclusive.');
        if (body !== null && EMPTY.includes(status)) throw new TypeError(`Response constructor: Invalid response status code ${status}`);
        const given = extract(body);
        super(given);
        [this.#status, this.#statusText, this.#headers] = [status, `${statusText}`, new Headers(headers)];
        if (given.type && !this.#headers.has("content-type")) this.#headers.set("content-type", given.type);
    }

    static json(value, init = {}) {
        const headers = new Headers(init.headers);
        if (!headers.has("content-type")) headers.set("content-type", "application/json");
        return new Response(JSON.stringify(value), { ...init, headers });
    }

    static error() {
        return received(new Response(), { status: 0, type: "error" });
    }

    static redirect(url, status = 302) {
        if (![301, 302, 303, 307, 308].includes(status)) throw new RangeError(`Invalid status code ${status}`);
        return new Response(null, { status, headers: { location: new URL(url).href } });
    }

    /** Says of an answer what programs cannot say. */
    static received(response, { status = response.#status, url = "", redirected = false, type }) {
        [response.#status, response.#url, response.#redirected, response.#type] = [status, url, redirected, type];
        return response;
    }

    get status() { return this.#status; }
    get statusText() { return this.#statusText; }
    get headers() { return this.#headers; }
    get url() { return this.#url; }
    get redirected() { return this.#redirected; }
    get type() { return this.#type; }
    get ok() { return this.#status >= 200 && this.#status <= 299; }

    clone() {
        const { bytes, stream } = split(this);
        const { status, statusText, headers, url, redirected, type } = this;
        return received(new Response(stream ?? bytes ?? null, { statusText, headers }), { status, url, redirected, type });
    }

    get [Symbol.toStringTag]() {
        return "Response";
    }

    [custom](depth, options, inspect) {
        const { status, statusText, headers, ok, redirected, type, url, bodyUsed } = this;
        return `Response ${inspect({ status, statusText, headers, ok, redirected, type, url, bodyUsed }, options)}`;
    }
}
const { received } = Response;
delete Response.received;

/** An answer of the network's. */
export function answered(body, { status, statusText, headers, url, redirected }) {
    return received(new Response(body, { statusText, headers }), { status, url, redirected, type: "basic" });
}
