// `structuredClone`: a copy of a value with everything that it refers to.
import { brand } from "internal:brand";

const ERRORS = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

export function structuredClone(value, options) {
    if (arguments.length === 0) throw new TypeError("structuredClone needs a value");
    const seen = new Map();
    for (const moved of options?.transfer ?? []) {
        if (brand(moved) !== "ArrayBuffer") throw failure(moved);
        seen.set(moved, moved.transfer());
    }
    return copy(value, seen);
}

function failure(value) {
    const text = typeof value === "symbol" ? value.toString() : typeof value === "function" ? String(value) : `#<${value.constructor?.name ?? "Object"}>`;
    return new DOMException(`${text} could not be cloned.`, "DataCloneError");
}

function copy(value, seen) {
    if (typeof value === "function" || typeof value === "symbol") throw failure(value);
    if (typeof value !== "object" || value === null) return value;
    const known = seen.get(value);
    if (known !== undefined) return known;
    if (Array.isArray(value)) return properties(value, remember(seen, value, new Array(value.length)), seen);
    if (ArrayBuffer.isView(value)) return view(value, seen);
    return branded(value, seen);
}

function remember(seen, value, made) {
    seen.set(value, made);
    return made;
}

function properties(value, made, seen) {
    for (const key of Object.keys(value)) {
        Object.defineProperty(made, key, { value: copy(value[key], seen), writable: true, enumerable: true, configurable: true });
    }
    return made;
}

function view(value, seen) {
    const buffer = copy(value.buffer, seen);
    const kind = value instanceof DataView ? DataView : globalThis[Object.getPrototypeOf(Uint8Array.prototype)[Symbol.toStringTag] ?? value[Symbol.toStringTag]];
    const length = value instanceof DataView ? value.byteLength : value.length;
    return remember(seen, value, new kind(buffer, value.byteOffset, length));
}

function branded(value, seen) {
    switch (brand(value)) {
        case "Date": return remember(seen, value, new Date(value.getTime()));
        case "RegExp": return remember(seen, value, new RegExp(value.source, value.flags));
        case "ArrayBuffer": return remember(seen, value, value.slice(0));
        case "Number": case "String": case "Boolean": case "BigInt": return remember(seen, value, Object(value.valueOf()));
        case "Map": return map(value, seen);
        case "Set": return set(value, seen);
        case "Error": return error(value, seen);
        case "Object": case "Arguments": return properties(value, remember(seen, value, {}), seen);
        default: throw failure(value);
    }
}

function map(value, seen) {
    const made = remember(seen, value, new Map());
    for (const [key, item] of [...Map.prototype.entries.call(value)]) made.set(copy(key, seen), copy(item, seen));
    return made;
}

function set(value, seen) {
    const made = remember(seen, value, new Set());
    for (const item of [...Set.prototype.values.call(value)]) made.add(copy(item, seen));
    return made;
}

function error(value, seen) {
    const kind = ERRORS[value.name] ?? Error;
    const made = remember(seen, value, Object.create(kind.prototype));
    const copied = Object.setPrototypeOf(new Error(`${value.message}`), kind.prototype);
    seen.set(value, copied);
    Object.defineProperty(copied, "stack", { value: String(value.stack), writable: true, configurable: true, enumerable: false });
    if (Object.hasOwn(value, "cause")) {
        Object.defineProperty(copied, "cause", { value: copy(value.cause, seen), writable: true, configurable: true, enumerable: false });
    }
    return made && copied;
}
