// Bytes to text, where a character may be split between two pieces.
import { Buffer } from "node:buffer";

const UNICODE = new Map([["utf8", "utf-8"], ["utf-8", "utf-8"], ["utf16le", "utf-16le"], ["utf-16le", "utf-16le"], ["ucs2", "utf-16le"]]);

export class StringDecoder {
    #decoder;
    /** How many bytes have a text of their own, and those of which there are too few. */
    #unit;
    #rest = Buffer.alloc(0);

    constructor(encoding = "utf8") {
        this.encoding = encoding.toLowerCase();
        const unicode = UNICODE.get(this.encoding);
        this.#decoder = unicode && new TextDecoder(unicode, { ignoreBOM: true });
        this.#unit = this.encoding.startsWith("base64") ? 3 : 1;
    }

    write(bytes) {
        if (typeof bytes === "string") return bytes;
        if (this.#decoder) return this.#decoder.decode(bytes, { stream: true });
        const all = Buffer.concat([this.#rest, bytes]);
        const whole = all.length - (all.length % this.#unit);
        this.#rest = all.subarray(whole);
        return all.toString(this.encoding, 0, whole);
    }

    end(bytes) {
        const text = bytes === undefined ? "" : this.write(bytes);
        if (this.#decoder) return text + this.#decoder.decode();
        const rest = this.#rest.toString(this.encoding);
        this.#rest = Buffer.alloc(0);
        return text + rest;
    }
}

export default { StringDecoder };
