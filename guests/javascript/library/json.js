// Values for the host. As `JSON.stringify`, but what that would lose keeps its content: a map becomes an object or a list of
// pairs, a set and a typed array become lists, a large integer becomes its digits.
import native from "internal:native";

const { stringify } = JSON;
const { defineProperty, fromEntries } = Object;
const { isFinite } = Number;
const typedPrototype = Object.getPrototypeOf(Uint8Array.prototype);

const FORMS = [
    [Map.prototype, function () {
        const pairs = [...Map.prototype.entries.call(this)];
        return pairs.every(([key]) => typeof key === "string") ? fromEntries(pairs) : pairs;
    }],
    [Set.prototype, function () {
        return [...Set.prototype.values.call(this)];
    }],
    [typedPrototype, function () {
        return Array.from(this);
    }],
    [ArrayBuffer.prototype, function () {
        return Array.from(new Uint8Array(this));
    }],
    [BigInt.prototype, function () {
        return `${this}`;
    }],
    [Error.prototype, function () {
        return { name: this.name, message: this.message, ...this };
    }],
    [RegExp.prototype, function () {
        return `${this}`;
    }],
];

/** `value` as JSON; `null` where there is none. */
export function toJson(value) {
    try {
        return converted(value);
    } catch (error) {
        // A value that contains itself has a text and no JSON.
        if (isCircular(error)) return "null";
        throw error;
    }
}

/** A function's result as JSON. What would be lost is an error. */
export function resultToJson(value) {
    const isLost = typeof value === "function" || typeof value === "symbol" || (typeof value === "number" && !isFinite(value));
    if (isLost) throw new TypeError(`the result has no JSON form: it is ${typeof value === "number" ? value : `a ${typeof value}`}`);
    try {
        return converted(value);
    } catch (error) {
        throw isCircular(error) ? new TypeError("the result has no JSON form: it contains itself") : error;
    }
}

function isCircular(error) {
    return error instanceof TypeError && /^circular reference/.test(error.message);
}

function converted(value) {
    if (typeof value !== "object" || value === null) return plain(value);
    const added = [];
    try {
        for (const [prototype, form] of FORMS) {
            if (Object.hasOwn(prototype, "toJSON")) continue;
            defineProperty(prototype, "toJSON", { value: form, configurable: true, enumerable: false, writable: true });
            added.push(prototype);
        }
        return stringify(value) ?? "null";
    } finally {
        for (const prototype of added) delete prototype.toJSON;
    }
}

function plain(value) {
    return typeof value === "bigint" ? `"${value}"` : (stringify(value) ?? "null");
}
