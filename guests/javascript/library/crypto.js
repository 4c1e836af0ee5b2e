// Randomness from the host.
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

export const webcrypto = { getRandomValues, randomUUID };
Object.defineProperty(webcrypto, Symbol.toStringTag, { value: "Crypto", configurable: true });
export default { getRandomValues, randomUUID, randomBytes, randomInt, webcrypto };
