// Bytes to text, where a character may be split between two pieces.
import { Buffer } from "node:buffer";

const UNICODE = new Map([["utf8", "utf-8"], ["utf-8", "utf-8"], ["utf16le", "utf-16le"], ["utf-16le", "utf-16le"], ["ucs2", "utf-16le"]]);

export class StringDecoder {
    #decoder;

    constructor(encoding = "utf8") {
        this.encoding = encoding.toLowerCase();
        const unicode = UNICODE.get(this.encoding);
        this.#decoder = unicode && new TextDecoder(unicode, { ignoreBOM: true });
    }

    write(bytes) {
        if (typeof bytes === "string") return bytes;
        return this.#decoder ? this.#decoder.decode(bytes, { stream: true }) : Buffer.from(bytes).toString(this.encoding);
    }

    end(bytes) {
        return (bytes === undefined ? "" : this.write(bytes)) + (this.#decoder ? this.#decoder.decode() : "");
    }
}

export default { StringDecoder };
