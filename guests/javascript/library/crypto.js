// Randomness from the host, and digests.
import native from "internal:native";
import { bytesOf } from "internal:encoding";
import { Buffer } from "node:buffer";

export function getRandomValues(array) {
    if (!ArrayBuffer.isView(array) || array instanceof DataView || array instanceof Float32Array || array instanceof Float64Array) {
        throw new DOMException("The data argument must be an integer-type TypedArray", "TypeMismatchError");
    }
    if (array.byteLength > 65536) {
        throw new DOMException(`The ArrayBufferView's byte length (${array.byteLength}) exceeds the number of bytes of entropy available via this API (65536)`, "QuotaExceededError");
    }
    bytesOf(array).set(new Uint8Array(native.fillRandom(array.byteLength)));
    return array;
}

export function randomUUID() {
    const bytes = new Uint8Array(native.fillRandom(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export function randomBytes(size) {
    return Buffer.from(native.fillRandom(size));
}

export function randomInt(low, high) {
    if (high === undefined) [low, high] = [0, low];
    const range = high - low;
    if (!(range > 0 && range <= 2 ** 48)) throw new RangeError('The value of "max" is out of range.');
    const limit = 2 ** 48 - (2 ** 48 % range);
    for (;;) {
        const drawn = randomBytes(6).reduce((sum, byte) => sum * 256 + byte, 0);
        if (drawn < limit) return low + (drawn % range);
    }
}

const HASHES = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];
export const getHashes = () => [...HASHES];

/** The name by which the natives know a way of hashing. */
function known(algorithm) {
    const name = `${algorithm}`.toLowerCase().replace(/^rsa-/, "").replace("sha-", "sha");
    if (HASHES.includes(name)) return name;
    throw Object.assign(new Error("Digest method not supported"), { code: "ERR_CRYPTO_INVALID_DIGEST" });
}

function bytesFrom(data, encoding) {
    if (typeof data === "string") return Buffer.from(data, encoding);
    if (ArrayBuffer.isView(data) || data instanceof ArrayBuffer) return bytesOf(data);
    throw Object.assign(new TypeError('The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView.'), { code: "ERR_INVALID_ARG_TYPE" });
}

class Hash {
    #pieces = [];
    #make;
    #done = false;

    constructor(make, pieces = []) {
        this.#make = make;
        this.#pieces = pieces;
    }

    update(data, encoding) {
        if (this.#done) throw Object.assign(new Error("Digest already called"), { code: "ERR_CRYPTO_HASH_FINALIZED" });
        this.#pieces.push(Buffer.from(bytesFrom(data, encoding)));
        return this;
    }

    digest(encoding) {
        if (this.#done) throw Object.assign(new Error("Digest already called"), { code: "ERR_CRYPTO_HASH_FINALIZED" });
        this.#done = true;
        const made = Buffer.from(this.#make(Buffer.concat(this.#pieces)));
        return encoding && encoding !== "buffer" ? made.toString(encoding) : made;
    }

    copy() {
        return new Hash(this.#make, [...this.#pieces]);
    }
}

export function createHash(algorithm) {
    const name = known(algorithm);
    return new Hash((bytes) => native.digest(name, bytes));
}

export function createHmac(algorithm, key) {
    const [name, bytes] = [known(algorithm), bytesFrom(key)];
    return new Hash((data) => native.hmac(name, bytes, data));
}

export function hash(algorithm, data, encoding = "hex") {
    return createHash(algorithm).update(data).digest(encoding);
}

export function pbkdf2Sync(password, salt, iterations, length, digest) {
    if (!(iterations >= 1)) throw new RangeError('The value of "iterations" is out of range.');
    return Buffer.from(native.deriveKey(known(digest), bytesFrom(password), bytesFrom(salt), iterations, length));
}

export function pbkdf2(password, salt, iterations, length, digest, done) {
    const key = pbkdf2Sync(password, salt, iterations, length, digest);
    setImmediate(done, null, key);
}

export function timingSafeEqual(a, b) {
    const [left, right] = [bytesOf(a), bytesOf(b)];
    if (left.length !== right.length) throw Object.assign(new RangeError("Input buffers must have the same byte length"), { code: "ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH" });
    let different = 0;
    for (let at = 0; at < left.length; at++) different |= left[at] ^ right[at];
    return different === 0;
}

/** Of the web's interface, what needs no keys. */
export const subtle = {
    async digest(algorithm, data) {
        return native.digest(known(algorithm?.name ?? algorithm), Buffer.from(bytesFrom(data)));
    },
};

export const webcrypto = { getRandomValues, randomUUID, subtle };
Object.defineProperty(webcrypto, Symbol.toStringTag, { value: "Crypto", configurable: true });
export default {
    getRandomValues, randomUUID, randomBytes, randomInt, getHashes, createHash, createHmac, hash, pbkdf2, pbkdf2Sync, timingSafeEqual, subtle, webcrypto,
};
