// Node's `Buffer`: bytes with more ways in and out.
import native from "internal:native";
import { custom } from "internal:inspect";
import { bytesOf, joinBytes } from "internal:encoding";

function kind(encoding = "utf8") {
    const known = { utf8: "utf8", "utf-8": "utf8", hex: "hex", base64: "base64", base64url: "base64url", latin1: "latin1", binary: "latin1", ascii: "ascii", utf16le: "utf16le", "utf-16le": "utf16le", ucs2: "utf16le", "ucs-2": "utf16le" }[`${encoding}`.toLowerCase()];
    if (known === undefined) throw Object.assign(new TypeError(`Unknown encoding: ${encoding}`), { code: "ERR_UNKNOWN_ENCODING" });
    return known;
}

function encode(text, encoding) {
    switch (kind(encoding)) {
        case "utf8": return native.encode(text.toWellFormed());
        case "hex": return Uint8Array.fromHex(/^(?:[0-9a-fA-F]{2})*/.exec(text)[0]).buffer;
        case "base64": case "base64url": {
            const clean = text.replace(/[^A-Za-z0-9+/_-]/g, "").replaceAll("-", "+").replaceAll("_", "/");
            return Uint8Array.fromBase64(clean.length % 4 === 1 ? clean.slice(0, -1) : clean).buffer;
        }
        case "utf16le": return Uint16Array.from({ length: text.length }, (_, at) => text.charCodeAt(at)).buffer;
        default: return Uint8Array.from({ length: text.length }, (_, at) => text.charCodeAt(at)).buffer;
    }
}

export class Buffer extends Uint8Array {
    static from(source, encoding, length) {
        if (typeof source === "string") return new Buffer(encode(source, encoding));
        if (source instanceof ArrayBuffer) return new Buffer(source, encoding, length);
        if (ArrayBuffer.isView(source)) return new Buffer(Uint8Array.from(source).buffer);
        if (source?.type === "Buffer" && Array.isArray(source.data)) return new Buffer(Uint8Array.from(source.data).buffer);
        if (typeof source === "object" && source !== null) return new Buffer(Uint8Array.from(source, (byte) => byte & 255).buffer);
        throw Object.assign(new TypeError("The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object."), { code: "ERR_INVALID_ARG_TYPE" });
    }

    static alloc(size, fill, encoding) {
        const made = new Buffer(size);
        return fill === undefined ? made : made.fill(fill, encoding);
    }

    static allocUnsafe(size) {
        return new Buffer(size);
    }

    static concat(list, length) {
        const joined = joinBytes(...list);
        return new Buffer((length === undefined ? joined : joinBytes(joined.subarray(0, length), new Uint8Array(Math.max(0, length - joined.length)))).buffer);
    }

    static isBuffer(value) {
        return value instanceof Buffer;
    }

    static isEncoding(encoding) {
        try {
            return kind(encoding) !== undefined;
        } catch {
            return false;
        }
    }

    static byteLength(value, encoding) {
        return typeof value === "string" ? encode(value, encoding).byteLength : value.byteLength;
    }

    static compare(a, b) {
        for (let at = 0; at < Math.min(a.length, b.length); at++) if (a[at] !== b[at]) return a[at] < b[at] ? -1 : 1;
        return Math.sign(a.length - b.length);
    }

    toString(encoding, start = 0, end = this.length) {
        const bytes = this.subarray(start, end);
        switch (kind(encoding)) {
            case "utf8": return native.decode(bytesOf(bytes), "utf-8", false);
            case "hex": return bytesOf(bytes).toHex();
            case "base64": return bytesOf(bytes).toBase64();
            case "base64url": return bytesOf(bytes).toBase64({ alphabet: "base64url", omitPadding: true });
            case "utf16le": return native.decode(bytesOf(bytes.subarray(0, bytes.length & ~1)), "utf-16le", false);
            case "ascii": return Array.from(bytes, (byte) => String.fromCharCode(byte & 127)).join("");
            default: return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
        }
    }

    toJSON() {
        return { type: "Buffer", data: Array.from(this) };
    }

    equals(other) {
        return Buffer.compare(this, other) === 0;
    }

    compare(other) {
        return Buffer.compare(this, other);
    }

    slice(start, end) {
        return this.subarray(start, end);
    }

    copy(target, targetStart = 0, start = 0, end = this.length) {
        const part = this.subarray(start, Math.min(end, start + target.length - targetStart));
        target.set(part, targetStart);
        return part.length;
    }

    write(text, offset = 0, length = this.length - offset, encoding = "utf8") {
        if (typeof offset === "string") [offset, length, encoding] = [0, this.length, offset];
        else if (typeof length === "string") [length, encoding] = [this.length - offset, length];
        const bytes = new Uint8Array(encode(text, encoding)).subarray(0, Math.min(length, this.length - offset));
        this.set(bytes, offset);
        return bytes.length;
    }

    fill(value, start, end, encoding) {
        if (typeof start === "string") [encoding, start, end] = [start, undefined, undefined];
        if (typeof value === "string" || ArrayBuffer.isView(value)) {
            const bytes = typeof value === "string" ? new Uint8Array(encode(value, encoding)) : value;
            for (let at = start ?? 0; at < (end ?? this.length); at++) this[at] = bytes.length === 0 ? 0 : bytes[(at - (start ?? 0)) % bytes.length];
            return this;
        }
        return super.fill(value, start, end);
    }

    indexOf(value, from = 0, encoding) {
        if (typeof value === "number") return super.indexOf(value & 255, from);
        const wanted = typeof value === "string" ? new Uint8Array(encode(value, encoding)) : value;
        outer: for (let at = from; at + wanted.length <= this.length; at++) {
            for (let part = 0; part < wanted.length; part++) if (this[at + part] !== wanted[part]) continue outer;
            return at;
        }
        return -1;
    }

    includes(value, from, encoding) {
        return this.indexOf(value, from, encoding) >= 0;
    }

    [custom](depth, options) {
        const hex = Array.from(this.subarray(0, 50), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
        const more = this.length - 50;
        return `<Buffer${hex === "" ? "" : ` ${hex}`}${more > 0 ? ` ... ${more} more byte${more > 1 ? "s" : ""}` : ""}>`;
    }
}

const NUMBERS = { UInt8: ["Uint8", 1], Int8: ["Int8", 1], UInt16: ["Uint16", 2], Int16: ["Int16", 2], UInt32: ["Uint32", 4], Int32: ["Int32", 4], BigInt64: ["BigInt64", 8], BigUInt64: ["BigUint64", 8], Float: ["Float32", 4], Double: ["Float64", 8] };
for (const [name, [view, size]] of Object.entries(NUMBERS)) {
    for (const ending of size === 1 ? [""] : ["LE", "BE"]) {
        const read = function (offset = 0) {
            return new DataView(this.buffer, this.byteOffset, this.byteLength)[`get${view}`](offset, ending === "LE");
        };
        const write = function (value, offset = 0) {
            new DataView(this.buffer, this.byteOffset, this.byteLength)[`set${view}`](offset, value, ending === "LE");
            return offset + size;
        };
        for (const [method, action] of [[`read${name}${ending}`, read], [`write${name}${ending}`, write]]) {
            for (const alias of new Set([method, method.replace("UInt", "Uint")])) {
                Object.defineProperty(Buffer.prototype, alias, { value: action, writable: true, configurable: true });
            }
        }
    }
}

export const { atob, btoa } = globalThis;
export const constants = { MAX_LENGTH: 2 ** 31 - 1 };
export default { Buffer, atob, btoa, constants };
