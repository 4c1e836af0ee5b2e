import native from "internal:native";
import { brand } from "internal:brand";
import { formatLine, inspect } from "internal:inspect";
import { TextDecoder, TextEncoder } from "internal:encoding";
import { isDeepStrictEqual } from "node:assert";
import { parseArgs } from "internal:arguments";

const promisified = Symbol.for("nodejs.util.promisify.custom");

export function format(...values) {
    return formatLine(values);
}

export function promisify(original) {
    if (original === globalThis.setTimeout) return (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));
    if (original[promisified]) return original[promisified];
    return function (...values) {
        return new Promise((resolve, reject) => {
            original.call(this, ...values, (error, value) => (error ? reject(error) : resolve(value)));
        });
    };
}
promisify.custom = promisified;

export function callbackify(original) {
    return function (...values) {
        const callback = values.pop();
        original.apply(this, values).then((value) => process.nextTick(callback, null, value), (error) => process.nextTick(callback, error));
    };
}

export function inherits(constructor, parent) {
    Object.defineProperty(constructor, "super_", { value: parent, writable: true, configurable: true });
    Object.setPrototypeOf(constructor.prototype, parent.prototype);
}

export function deprecate(original) {
    return original;
}

export function stripVTControlCharacters(text) {
    return text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, "");
}

const isObject = (value) => typeof value === "object" && value !== null;
const branded = (name) => (value) => isObject(value) && brand(value) === name;

export const types = {
    isDate: branded("Date"), isRegExp: branded("RegExp"), isMap: branded("Map"), isSet: branded("Set"), isPromise: branded("Promise"),
    isNativeError: branded("Error"), isWeakMap: branded("WeakMap"), isWeakSet: branded("WeakSet"), isArrayBuffer: branded("ArrayBuffer"),
    isDataView: branded("DataView"), isGeneratorObject: branded("Generator"),
    isProxy: (value) => native.proxyTarget(value) !== undefined,
    isTypedArray: (value) => ArrayBuffer.isView(value) && !(value instanceof DataView),
    isUint8Array: (value) => value instanceof Uint8Array,
    isAsyncFunction: (value) => typeof value === "function" && value.constructor?.name === "AsyncFunction",
    isGeneratorFunction: (value) => typeof value === "function" && value.constructor?.name === "GeneratorFunction",
};

const STYLES = {
    reset: [0, 0], bold: [1, 22], dim: [2, 22], italic: [3, 23], underline: [4, 24], inverse: [7, 27], strikethrough: [9, 29], black: [30, 39], red: [31, 39],
    green: [32, 39], yellow: [33, 39], blue: [34, 39], magenta: [35, 39], cyan: [36, 39], white: [37, 39], gray: [90, 39], grey: [90, 39],
};

export function styleText(styles, text) {
    return [styles].flat().reduceRight((inner, style) => `\u001b[${STYLES[style][0]}m${inner}\u001b[${STYLES[style][1]}m`, text);
}

/** Nothing listens to a section here. */
export const debuglog = () => Object.assign(() => undefined, { enabled: false });

export { inspect, isDeepStrictEqual, parseArgs, TextDecoder, TextEncoder };
export const isArray = Array.isArray;
export default { debuglog, parseArgs, styleText, format, inspect, promisify, callbackify, inherits, deprecate, stripVTControlCharacters, types, isArray, isDeepStrictEqual, TextDecoder, TextEncoder };
