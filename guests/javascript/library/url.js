// `URL` and `URLSearchParams`.
import native from "internal:native";
import { custom } from "internal:inspect";

const PARTS = ["href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"];

function parse(input, base) {
    return native.urlParse(`${input}`.toWellFormed(), base === undefined ? undefined : `${base}`.toWellFormed());
}

export class URL {
    #parts;
    #query;

    constructor(input, base) {
        if (arguments.length === 0) throw new TypeError('The "url" argument must be specified');
        this.#parts = parse(input, base);
        if (this.#parts === undefined) {
            throw Object.assign(new TypeError("Invalid URL"), { code: "ERR_INVALID_URL", input: `${input}`, ...(base === undefined ? {} : { base: `${base}` }) });
        }
    }

    static canParse(input, base) {
        return parse(input, base) !== undefined;
    }

    static parse(input, base) {
        return URL.canParse(input, base) ? new URL(input, base) : null;
    }

    get searchParams() {
        this.#query ??= attach(new URLSearchParams(this.search), (text) => this.#set("search", text));
        return this.#query;
    }

    #set(part, value) {
        this.#parts = native.urlSet(this.#parts[0], part, value) ?? this.#parts;
    }

    static {
        PARTS.forEach((part, index) => {
            const set = function (value) {
                if (part === "href") {
                    const parts = parse(value);
                    if (parts === undefined) throw Object.assign(new TypeError("Invalid URL"), { code: "ERR_INVALID_URL", input: `${value}` });
                    this.#parts = parts;
                } else {
                    this.#set(part, `${value}`.toWellFormed());
                }
                if ((part === "href" || part === "search") && this.#query !== undefined) refill(this.#query, this.search);
            };
            const get = function () {
                return this.#parts[index];
            };
            Object.defineProperty(URL.prototype, part, { get, set: part === "origin" ? undefined : set, enumerable: true, configurable: true });
        });
    }

    toString() {
        return this.href;
    }

    toJSON() {
        return this.href;
    }

    get [Symbol.toStringTag]() {
        return "URL";
    }

    [custom](depth, options, inspect) {
        const shown = {};
        for (const part of [...PARTS.slice(0, 10), "searchParams", "hash"]) shown[part] = this[part];
        return `URL ${inspect(shown, { ...options, depth })}`;
    }
}

function encode(text) {
    return encodeURIComponent(text.toWellFormed()).replace(/%20/g, "+").replace(/[!'()~]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

function decode(text) {
    const bytes = [];
    const plain = text.replaceAll("+", " ");
    if (!plain.includes("%")) return plain;
    try {
        return decodeURIComponent(plain);
    } catch {}
    const source = new Uint8Array(native.encode(plain));
    for (let at = 0; at < source.length; at++) {
        const pair = source[at] === 37 ? String.fromCharCode(source[at + 1], source[at + 2]) : "";
        if (/^[0-9a-fA-F]{2}$/.test(pair)) {
            bytes.push(parseInt(pair, 16));
            at += 2;
        } else {
            bytes.push(source[at]);
        }
    }
    return native.decode(new Uint8Array(bytes), "utf-8", false);
}

function pairsOf(text) {
    const pairs = [];
    for (const part of text.split("&")) {
        if (part === "") continue;
        const at = part.indexOf("=");
        pairs.push(at < 0 ? [decode(part), ""] : [decode(part.slice(0, at)), decode(part.slice(at + 1))]);
    }
    return pairs;
}

export class URLSearchParams {
    #pairs = [];
    #changed = () => {};

    constructor(init = "") {
        if (typeof init === "object" && init !== null) {
            const pairs = typeof init[Symbol.iterator] === "function" ? init : Object.entries(init);
            for (const pair of pairs) {
                const [key, value, ...more] = pair;
                if (value === undefined && more.length === 0 && [...pair].length !== 2) throw new TypeError("Each query pair must be an iterable [name, value] tuple");
                this.#pairs.push([`${key}`.toWellFormed(), `${value}`.toWellFormed()]);
            }
        } else {
            const text = `${init}`;
            this.#pairs = pairsOf(text.startsWith("?") ? text.slice(1) : text);
        }
    }

    static attach(query, changed) {
        query.#changed = changed;
        return query;
    }

    static refill(query, text) {
        query.#pairs = pairsOf(text.startsWith("?") ? text.slice(1) : text);
    }

    #update(pairs) {
        this.#pairs = pairs;
        this.#changed(this.toString());
    }

    get size() {
        return this.#pairs.length;
    }

    append(key, value) {
        this.#update([...this.#pairs, [`${key}`.toWellFormed(), `${value}`.toWellFormed()]]);
    }

    delete(key, value) {
        this.#update(this.#pairs.filter((pair) => pair[0] !== `${key}` || (value !== undefined && pair[1] !== `${value}`)));
    }

    get(key) {
        return this.#pairs.find((pair) => pair[0] === `${key}`)?.[1] ?? null;
    }

    getAll(key) {
        return this.#pairs.filter((pair) => pair[0] === `${key}`).map((pair) => pair[1]);
    }

    has(key, value) {
        return this.#pairs.some((pair) => pair[0] === `${key}` && (value === undefined || pair[1] === `${value}`));
    }

    set(key, value) {
        const at = this.#pairs.findIndex((pair) => pair[0] === `${key}`);
        if (at < 0) return this.append(key, value);
        const rest = this.#pairs.filter((pair, index) => pair[0] !== `${key}` || index === at);
        rest[at] = [`${key}`, `${value}`.toWellFormed()];
        this.#update(rest);
    }

    sort() {
        this.#update([...this.#pairs].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0)));
    }

    forEach(action, self) {
        for (const [key, value] of this.#pairs) action.call(self, value, key, this);
    }

    *entries() {
        for (const pair of this.#pairs) yield [...pair];
    }

    *keys() {
        for (const pair of this.#pairs) yield pair[0];
    }

    *values() {
        for (const pair of this.#pairs) yield pair[1];
    }

    [Symbol.iterator]() {
        return this.entries();
    }

    toString() {
        return this.#pairs.map(([key, value]) => `${encode(key)}=${encode(value)}`).join("&");
    }

    get [Symbol.toStringTag]() {
        return "URLSearchParams";
    }

    [custom](depth, options, inspect) {
        if (this.#pairs.length === 0) return "URLSearchParams {}";
        const shown = this.#pairs.map(([key, value]) => `${inspect(key, options)} => ${inspect(value, options)}`);
        return `URLSearchParams { ${shown.join(", ")} }`;
    }
}
const { attach, refill } = URLSearchParams;
delete URLSearchParams.attach;
delete URLSearchParams.refill;
