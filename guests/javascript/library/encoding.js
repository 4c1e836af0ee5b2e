// Text and bytes.
import native from "internal:native";

const LABELS = {
    "utf-8": "utf-8", utf8: "utf-8", "unicode-1-1-utf-8": "utf-8",
    "utf-16le": "utf-16le", "utf-16": "utf-16le", ucs2: "utf-16le", "ucs-2": "utf-16le", "utf-16be": "utf-16be",
    latin1: "windows-1252", "iso-8859-1": "windows-1252", ascii: "windows-1252", "us-ascii": "windows-1252", "windows-1252": "windows-1252",
};

export class TextEncoder {
    get encoding() {
        return "utf-8";
    }

    encode(text = "") {
        return new Uint8Array(native.encode(`${text}`));
    }

    encodeInto(text, target) {
        let read = 0;
        let written = 0;
        for (const character of `${text}`) {
            const bytes = new Uint8Array(native.encode(character));
            if (written + bytes.length > target.length) break;
            target.set(bytes, written);
            written += bytes.length;
            read += character.length;
        }
        return { read, written };
    }

    get [Symbol.toStringTag]() {
        return "TextEncoder";
    }
}

/** The bytes of a buffer or of a view of one. */
export function bytesOf(source) {
    if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
    if (source instanceof ArrayBuffer) return new Uint8Array(source);
    throw Object.assign(new TypeError('The "input" argument must be an instance of ArrayBuffer or ArrayBufferView.'), { code: "ERR_INVALID_ARG_TYPE" });
}

export class TextDecoder {
    #encoding;
    #fatal;
    #ignoreBOM;
    #pending = new Uint8Array(0);
    #started = false;

    constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
        const encoding = LABELS[`${label}`.trim().toLowerCase()];
        if (encoding === undefined) {
            throw Object.assign(new RangeError(`The "${label}" encoding is not supported`), { code: "ERR_ENCODING_NOT_SUPPORTED" });
        }
        this.#encoding = encoding;
        this.#fatal = Boolean(fatal);
        this.#ignoreBOM = Boolean(ignoreBOM);
    }

    get encoding() {
        return this.#encoding;
    }

    get fatal() {
        return this.#fatal;
    }

    get ignoreBOM() {
        return this.#ignoreBOM;
    }

    decode(source = new Uint8Array(0), { stream = false } = {}) {
        let bytes = bytesOf(source);
        if (this.#pending.length > 0) bytes = joinBytes(this.#pending, bytes);
        const kept = stream ? incomplete(bytes, this.#encoding) : 0;
        this.#pending = bytes.slice(bytes.length - kept);
        let text = native.decode(bytes.subarray(0, bytes.length - kept), this.#encoding, this.#fatal);
        if (text === undefined) {
            this.#pending = new Uint8Array(0);
            this.#started = false;
            throw Object.assign(new TypeError(`The encoded data was not valid for encoding ${this.#encoding}`), { code: "ERR_ENCODING_INVALID_ENCODED_DATA" });
        }
        if (!this.#started && !this.#ignoreBOM && text.startsWith("\ufeff")) text = text.slice(1);
        this.#started = stream && (this.#started || bytes.length > kept);
        return text;
    }

    get [Symbol.toStringTag]() {
        return "TextDecoder";
    }
}

export function joinBytes(...parts) {
    const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
        joined.set(part, at);
        at += part.length;
    }
    return joined;
}

/** How many bytes at the end begin a character that is not complete. */
function incomplete(bytes, encoding) {
    if (encoding === "windows-1252") return 0;
    if (encoding !== "utf-8") {
        const odd = bytes.length % 2;
        const high = bytes[bytes.length - odd - (encoding === "utf-16le" ? 1 : 2)];
        return bytes.length - odd >= 2 && high >= 0xd8 && high <= 0xdb ? odd + 2 : odd;
    }
    for (let back = 1; back <= Math.min(3, bytes.length); back++) {
        const byte = bytes[bytes.length - back];
        if (byte < 0x80) return 0;
        if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0;
    }
    return 0;
}
