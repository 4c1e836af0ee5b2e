// How values look as text: what `console.log` prints and `util.inspect` returns, in the layout that Node's users know.
import native from "internal:native";
import { brand } from "internal:brand";

export const custom = Symbol.for("nodejs.util.inspect.custom");

const DEFAULTS = { depth: 2, showHidden: false, breakLength: 80, compact: 3, maxArrayLength: 100, maxStringLength: 10000, sorted: false, getters: false };
const IDENTIFIER = /^[a-zA-Z_][a-zA-Z_0-9]*$/;
const ESCAPES = { "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", "\v": "\\x0B", "\\": "\\\\" };

const { getOwnPropertyDescriptor, getOwnPropertySymbols, getPrototypeOf, keys: ownKeys, prototype: objectPrototype } = Object;
const { isArray } = Array;
const hasOwn = objectPrototype.hasOwnProperty;
const isEnumerable = objectPrototype.propertyIsEnumerable;
const tagOf = objectPrototype.toString;
const typedArrayTag = getOwnPropertyDescriptor(getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;

/** `value` as text. */
export function inspect(value, options, ...older) {
    if (typeof options === "boolean") options = { showHidden: options, depth: older[0] };
    const state = { ...DEFAULTS, ...options, seen: [], circular: undefined, indentation: 0, currentDepth: 0 };
    if (state.depth === null) state.depth = Infinity;
    if (state.maxArrayLength === null) state.maxArrayLength = Infinity;
    if (state.maxStringLength === null) state.maxStringLength = Infinity;
    if (state.compact === false) state.compact = 0;
    if (state.compact === true) state.compact = 3;
    return format(state, value, 0, true);
}
inspect.custom = custom;
inspect.defaultOptions = DEFAULTS;

function format(state, value, level, topmost) {
    if (value === null || (typeof value !== "object" && typeof value !== "function")) return formatPrimitive(state, value);
    const own = customInspect(state, value, level);
    if (own !== undefined) return own;
    if (state.seen.includes(value)) {
        state.circular ??= new Map();
        if (!state.circular.has(value)) state.circular.set(value, state.circular.size + 1);
        return `[Circular *${state.circular.get(value)}]`;
    }
    return formatObject(state, value, level, topmost);
}

function customInspect(state, value, level) {
    const method = value[custom];
    if (typeof method !== "function" || method === inspect) return undefined;
    const { seen, circular, indentation, currentDepth, ...options } = state;
    const result = method.call(value, state.depth - level, options, inspect);
    if (result === value) return undefined;
    if (typeof result === "string") return result.replaceAll("\n", `\n${" ".repeat(state.indentation)}`);
    return format(state, result, level);
}

/** What stands for an object that is nested too deeply. */
function summary(value) {
    return isArray(value) ? "[Array]" : `[${constructorName(value) ?? "Object: null prototype"}]`;
}

function formatPrimitive(state, value) {
    switch (typeof value) {
        case "string": return formatString(state, value);
        case "number": return Object.is(value, -0) ? "-0" : `${value}`;
        case "bigint": return `${value}n`;
        case "symbol": return value.toString();
        default: return `${value}`;
    }
}

function formatString(state, text) {
    let trailer = "";
    if (text.length > state.maxStringLength) {
        const more = text.length - state.maxStringLength;
        text = text.slice(0, state.maxStringLength);
        trailer = `... ${more} more character${more > 1 ? "s" : ""}`;
    }
    const room = state.breakLength - state.indentation - 4;
    if (text.length > 16 && text.length > room && state.indentation + state.seen.length > 0 && text.includes("\n")) {
        const lines = text.split(/(?<=\n)/);
        return lines.map(quote).join(` +\n${" ".repeat(state.indentation + 2)}`) + trailer;
    }
    return quote(text) + trailer;
}

export function quote(text) {
    let mark = "'";
    if (text.includes("'")) {
        if (!text.includes('"')) mark = '"';
        else if (!text.includes("`") && !text.includes("${")) mark = "`";
    }
    const escaped = text.replace(/[\x00-\x1f\x7f-\x9f\\]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, escapeCharacter);
    return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark;
}

function escapeCharacter(character) {
    const code = character.charCodeAt(0);
    if (code > 255) return `\\u${code.toString(16).toUpperCase()}`;
    return ESCAPES[character] ?? `\\x${code.toString(16).toUpperCase().padStart(2, "0")}`;
}

/** The name of what made an object; `null` where nothing did. */
function constructorName(value) {
    for (let at = value; at; at = getPrototypeOf(at)) {
        const descriptor = getOwnPropertyDescriptor(at, "constructor");
        if (descriptor && typeof descriptor.value === "function" && descriptor.value.name !== "" && isInstance(value, descriptor.value)) {
            return descriptor.value.name;
        }
    }
    return null;
}

function isInstance(value, constructor) {
    try {
        return value instanceof constructor;
    } catch {
        return false;
    }
}

/** A shape is how one kind of object is laid out: what stands before it, its brackets, its elements. */
function formatObject(state, value, level, topmost) {
    const proxied = native.proxyTarget(value);
    if (proxied === null) return "<Revoked Proxy>";
    if (proxied !== undefined) return format(state, proxied, level, topmost);
    const shape = shapeOf(state, value, level);
    const keys = visibleKeys(state, value, shape);
    if (shape.whole !== undefined && keys.length === 0) return shape.whole;
    if (shape.whole !== undefined) {
        shape.base = shape.whole;
        shape.open = "{";
    } else if (keys.length === 0 && !shape.elements) {
        return `${shape.prefix}${shape.open}${shape.close}`;
    }
    if (level > state.depth) return shape.whole ?? summary(value);
    const output = formatParts(state, value, level, shape, keys);
    if (output.length === 0) return `${shape.prefix}${shape.open}${shape.close}`;
    if (state.sorted && !shape.isArray) output.sort(typeof state.sorted === "function" ? state.sorted : undefined);
    const reference = state.circular?.get(value);
    const mark = reference === undefined ? "" : `<ref *${reference}> `;
    return joinParts(state, output, level, {
        base: shape.base === undefined ? "" : mark + shape.base,
        open: (shape.base === undefined ? mark + shape.prefix : "") + shape.open,
        close: shape.close,
        array: shape.isArray ? value : undefined,
    });
}

function formatParts(state, value, level, shape, keys) {
    state.seen.push(value);
    state.currentDepth = level;
    try {
        const output = shape.elements ? shape.elements() : [];
        for (const key of keys) output.push(formatProperty(state, value, key, level));
        return output;
    } finally {
        state.seen.pop();
    }
}

function visibleKeys(state, value, shape) {
    let keys = state.showHidden ? Object.getOwnPropertyNames(value) : ownKeys(value);
    const lengthShown = state.showHidden && Array.isArray(value);
    if (shape.indexed) keys = keys.filter((key) => !isIndex(key) && (key !== "length" || lengthShown));
    const symbols = getOwnPropertySymbols(value);
    if (symbols.length > 0) keys = keys.concat(state.showHidden ? symbols : symbols.filter((symbol) => isEnumerable.call(value, symbol)));
    return shape.hide ? keys.filter((key) => !shape.hide.includes(key)) : keys;
}

function isIndex(key) {
    return /^(0|[1-9][0-9]*)$/.test(key) && key < 4294967295;
}

function formatProperty(state, value, key, level) {
    const descriptor = getOwnPropertyDescriptor(value, key) ?? { value: value[key], enumerable: true };
    let text;
    if (descriptor.get !== undefined) {
        text = descriptor.set !== undefined ? "[Getter/Setter]" : "[Getter]";
    } else if (descriptor.set !== undefined) {
        text = "[Setter]";
    } else {
        text = indented(state, () => format(state, descriptor.value, level + 1));
    }
    let name;
    if (typeof key === "symbol") name = `[${key.toString()}]`;
    else if (key === "__proto__") name = "['__proto__']";
    else name = IDENTIFIER.test(key) ? key : quote(key);
    if (!descriptor.enumerable) name = `[${name}]`;
    return `${name}: ${text}`;
}

function indented(state, action) {
    state.indentation += 2;
    try {
        return action();
    } finally {
        state.indentation -= 2;
    }
}

function shapeOf(state, value, level) {
    const constructor = constructorName(value);
    const tag = tagSuffix(value, constructor);
    const named = (fallback, size) => {
        const count = size === undefined ? "" : `(${size})`;
        return constructor === null ? `[${fallback}${count}: null prototype] ${tag}` : `${constructor}${count} ${tag}`;
    };
    if (isArray(value)) {
        const plain = constructor === "Array" && tag === "";
        return list(plain ? "" : named("Array", value.length), value.length > 0 && (() => arrayElements(state, value, level)), { isArray: true, indexed: true });
    }
    if (typeof value === "function") return { whole: functionText(value, constructor, tag), prefix: "", open: "{", close: "}" };
    const typed = typedArrayTag.call(value);
    if (typed !== undefined) return list(named(typed, value.length), () => typedElements(state, value), { isArray: true, indexed: true });
    return brandedShape(state, value, level, constructor, named) ?? plainShape(value, constructor, tag);
}

function list(prefix, elements, more) {
    return { prefix, open: "[", close: "]", elements, ...more };
}

function braces(prefix, elements, more) {
    return { prefix, open: "{", close: "}", elements, ...more };
}

function whole(text) {
    return { whole: text, prefix: "", open: "{", close: "}" };
}

function plainShape(value, constructor, tag) {
    if (constructor === "Object" && tag === "") return braces("");
    return braces(constructor === null ? `[Object: null prototype] ${tag}` : `${constructor} ${tag}`);
}

/** Objects that hold something that is not among their properties. */
function brandedShape(state, value, level, constructor, named) {
    switch (brand(value)) {
        case "Error": return errorShape(state, value);
        case "Date": return whole(Number.isNaN(value.getTime()) ? "Invalid Date" : Date.prototype.toISOString.call(value));
        case "RegExp": return whole(RegExp.prototype.toString.call(value));
        case "Map": return braces(named("Map", value.size), value.size > 0 ? () => mapElements(state, value, level) : undefined);
        case "Set": return braces(named("Set", value.size), value.size > 0 ? () => setElements(state, value, level) : undefined);
        case "Promise": return braces(constructor === "Promise" ? "Promise " : named("Promise"), () => promiseElements(state, value, level));
        case "ArrayBuffer": case "SharedArrayBuffer": return braces(`${constructor} `, () => bufferElements(state, value));
        case "DataView": return braces("DataView ", () => viewElements(state, value, level));
        case "WeakMap": return braces("WeakMap ", () => ["<items unknown>"]);
        case "WeakSet": return braces("WeakSet ", () => ["<items unknown>"]);
        case "WeakRef": return braces("WeakRef ", () => [indented(state, () => format(state, value.deref(), level + 1))]);
        case "Number": case "Boolean": case "Symbol": case "BigInt": case "String": return boxedShape(state, value, constructor);
        case "Arguments": return braces("[Arguments] ");
        case "Generator": case "AsyncGenerator": return braces(`Object [${brand(value)}] `);
        case "Map Iterator": case "Set Iterator": case "Array Iterator": case "String Iterator": return braces(`Object [${brand(value)}] `);
        case "Object": return value[Symbol.toStringTag] === "Module" && constructor === null ? braces("[Module: null prototype] ") : undefined;
        default: return undefined;
    }
}

function tagSuffix(value, constructor) {
    let tag;
    try {
        tag = value[Symbol.toStringTag];
    } catch {
        return "";
    }
    return typeof tag !== "string" || tag === "" || tag === constructor ? "" : `[${tag}] `;
}

function functionText(value, constructor, tag) {
    const source = Function.prototype.toString.call(value);
    if (source.startsWith("class") && !hasOwn.call(value, "arguments") && /^class\b/.test(source)) {
        const name = hasOwn.call(value, "name") && value.name ? value.name : "(anonymous)";
        const parent = getPrototypeOf(value);
        const base = typeof parent === "function" && parent.name ? ` extends ${parent.name}` : parent === null ? " extends null" : "";
        return `[class ${name}${base}]`;
    }
    const kind = constructor === null ? "Function (null prototype)" : constructor.endsWith("Function") ? constructor : "Function";
    return value.name ? `[${kind}: ${value.name}]` : `[${kind} (anonymous)]`;
}

function boxedShape(state, value, constructor) {
    const primitive = value.valueOf();
    const kind = tagOf.call(Object(primitive)).slice(8, -1);
    const text = `[${kind}${constructor !== kind && constructor !== null ? ` (${constructor})` : ""}: ${formatPrimitive({ ...state, maxStringLength: Infinity }, primitive)}]`;
    return { ...whole(text), indexed: kind === "String" };
}

function arrayElements(state, value, level) {
    const output = [];
    const shown = Math.min(state.maxArrayLength, value.length);
    let index = 0;
    for (; index < value.length && output.length < shown; index++) {
        if (hasOwn.call(value, index)) {
            output.push(indented(state, () => element(state, value, index, level)));
            continue;
        }
        const start = index;
        while (index + 1 < value.length && !hasOwn.call(value, index + 1)) index++;
        const empty = index - start + 1;
        output.push(`<${empty} empty item${empty > 1 ? "s" : ""}>`);
    }
    return withRest(output, value.length - index);
}

function element(state, value, index, level) {
    const descriptor = getOwnPropertyDescriptor(value, index);
    return descriptor.get !== undefined ? "[Getter]" : format(state, descriptor.value, level + 1);
}

function withRest(output, more) {
    if (more > 0) output.push(`... ${more} more item${more > 1 ? "s" : ""}`);
    return output;
}

function typedElements(state, value) {
    const shown = Math.min(state.maxArrayLength, value.length);
    const output = [];
    for (let index = 0; index < shown; index++) output.push(formatPrimitive(state, value[index]));
    return withRest(output, value.length - shown);
}

function mapElements(state, value, level) {
    return indented(state, () => {
        const output = [];
        let more = 0;
        Map.prototype.forEach.call(value, (item, key) => {
            if (output.length >= state.maxArrayLength) more++;
            else output.push(`${format(state, key, level + 1)} => ${format(state, item, level + 1)}`);
        });
        return withRest(output, more);
    });
}

function setElements(state, value, level) {
    return indented(state, () => {
        const output = [];
        let more = 0;
        Set.prototype.forEach.call(value, (item) => {
            if (output.length >= state.maxArrayLength) more++;
            else output.push(format(state, item, level + 1));
        });
        return withRest(output, more);
    });
}

function promiseElements(state, value, level) {
    const [status, result] = native.promiseState(value);
    if (status === "pending") return ["<pending>"];
    const text = indented(state, () => format(state, result, level + 1));
    return [status === "rejected" ? `<rejected> ${text}` : text];
}

function bufferElements(state, value) {
    const bytes = new Uint8Array(value);
    const shown = Math.min(50, bytes.length);
    let text = Array.from(bytes.subarray(0, shown), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const more = bytes.length - shown;
    if (more > 0) text += ` ... ${more} more byte${more > 1 ? "s" : ""}`;
    return [`[Uint8Contents]: <${text}>`, `byteLength: ${bytes.length}`];
}

function viewElements(state, value, level) {
    const buffer = indented(state, () => format(state, value.buffer, level + 1));
    return [`byteLength: ${value.byteLength}`, `byteOffset: ${value.byteOffset}`, `buffer: ${buffer}`];
}

function errorShape(state, value) {
    let text = errorText(value);
    if (!/\n\s+at /.test(text)) text = `[${text}]`;
    if (state.indentation > 0) text = text.replaceAll("\n", `\n${" ".repeat(state.indentation)}`);
    const shape = whole(text);
    shape.hide = ["stack", "message", "name"].filter((key) => hasOwn.call(value, key) && text.includes(String(value[key])));
    if (hasOwn.call(value, "cause") && !isEnumerable.call(value, "cause")) shape.extra = ["cause"];
    if (hasOwn.call(value, "errors") && !isEnumerable.call(value, "errors")) shape.extra = [...(shape.extra ?? []), "errors"];
    if (shape.extra) shape.elements = () => shape.extra.map((key) => formatProperty(state, value, key, state.seen.length - 1));
    return shape;
}

/** The name and message of an error with its stack, whatever was done to its properties. */
export function errorText(error) {
    let stack;
    try {
        stack = error.stack;
    } catch {}
    const header = errorHeader(error);
    if (typeof stack !== "string" || stack === "") return header;
    const frames = stack.search(/^\s+at /m);
    if (frames < 0) return stack.includes(header) ? stack : `${header}`;
    const trail = stack.slice(frames).replace(/\n+$/, "");
    return trail === "" ? header : `${header}\n${trail}`;
}

export function errorHeader(error) {
    try {
        let name = error.name === undefined ? "Error" : String(error.name);
        const constructor = constructorName(error);
        if (name === "Error" && constructor !== null && constructor !== "Error" && !hasOwn.call(error, "name")) name = constructor;
        const message = error.message === undefined ? "" : String(error.message);
        if (hasOwn.call(error, "code") && name === error.name && typeof error.code === "string" && error.code.startsWith("ERR_")) name = `${name} [${error.code}]`;
        return message === "" ? name : `${name}: ${message}`;
    } catch {
        return "Error";
    }
}

/** On one line where that is short and not nested too deeply, in columns where it is a long array, else a line an entry. */
function joinParts(state, output, level, { base, open, close, array }) {
    const entries = output.length;
    const front = base === "" ? "" : `${base} `;
    if (array !== undefined && entries > 6) output = columns(state, output, array);
    if (state.currentDepth - level < state.compact && entries === output.length) {
        const start = output.length + state.indentation + open.length + base.length + 10;
        const total = output.reduce((sum, part) => sum + part.length, output.length + start);
        if (total <= state.breakLength && !base.includes("\n")) {
            const joined = output.join(", ");
            if (!joined.includes("\n")) return `${front}${open} ${joined} ${close}`;
        }
    }
    const line = `\n${" ".repeat(state.indentation)}`;
    return `${front}${open}${line}  ${output.join(`,${line}  `)}${line}${close}`;
}

/** Puts the elements of a long array side by side, numbers to the right, others to the left. */
function columns(state, output, array) {
    const more = state.maxArrayLength < output.length ? 1 : 0;
    const count = output.length - more;
    const lengths = [];
    for (let index = 0; index < count; index++) lengths.push(width(output[index]));
    const total = lengths.reduce((sum, length) => sum + length + 2, 0);
    const longest = Math.max(...lengths);
    const cell = longest + 2;
    if (cell * 3 + state.indentation >= state.breakLength || (total / cell <= 5 && longest > 6)) return output;
    const biased = Math.max(cell - 3 - Math.sqrt(cell - total / output.length), 1);
    const perLine = Math.min(Math.round(Math.sqrt(2.5 * biased * count) / biased), Math.floor((state.breakLength - state.indentation) / cell), state.compact * 4, 15);
    if (perLine <= 1) return output;
    const widths = [];
    for (let column = 0; column < perLine; column++) {
        let widest = 0;
        for (let index = column; index < count; index += perLine) widest = Math.max(widest, lengths[index]);
        widths.push(widest + 2);
    }
    return layOut(output, count, more, perLine, widths, lengths, isNumeric(array));
}

function isNumeric(array) {
    for (let index = 0; index < array.length; index++) {
        if (typeof array[index] !== "number" && typeof array[index] !== "bigint") return false;
    }
    return true;
}

function layOut(output, count, more, perLine, widths, lengths, right) {
    const lines = [];
    for (let start = 0; start < count; start += perLine) {
        const end = Math.min(start + perLine, count);
        let line = "";
        for (let index = start; index < end; index++) {
            const last = index === end - 1;
            const cell = last ? output[index] : `${output[index]}, `;
            const room = widths[index - start] + output[index].length - lengths[index] - (last ? 2 : 0);
            if (right) line += cell.padStart(room);
            else line += last ? cell : cell.padEnd(room);
        }
        lines.push(line);
    }
    if (more) lines.push(output[count]);
    return lines;
}

/** Columns that a text takes in a terminal: wide characters take two, marks none. */
export function width(text) {
    if (!/[^\x20-\x7e]/.test(text)) return text.length;
    let columns = 0;
    for (const character of text.normalize("NFC")) {
        if (/\p{Mark}|\p{Cf}/u.test(character)) continue;
        columns += /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u.test(character) ? 2 : 1;
    }
    return columns;
}

/** `console.log`'s line: placeholders of the first argument are filled in, the other arguments follow. */
export function formatLine(values) {
    const [first, ...rest] = values;
    if (values.length === 1 || typeof first !== "string") return values.map(loose).join(" ");
    if (!first.includes("%")) return [first, ...rest.map(loose)].join(" ");
    let used = 0;
    const filled = first.replace(/%[sdifjoOc%]/g, (mark) => {
        if (mark === "%%") return "%";
        if (used >= rest.length) return mark;
        return placeholder(mark[1], rest[used++]);
    });
    return [filled, ...rest.slice(used).map(loose)].join(" ");
}

function loose(value) {
    return typeof value === "string" ? value : inspect(value);
}

function placeholder(kind, value) {
    switch (kind) {
        case "s": return stringPlaceholder(value);
        case "d": return typeof value === "bigint" ? `${value}n` : typeof value === "symbol" ? "NaN" : formatPrimitive(DEFAULTS, typeof value === "object" && value !== null && !("valueOf" in value) ? NaN : Number(value));
        case "i": return typeof value === "bigint" ? `${value}n` : typeof value === "symbol" ? "NaN" : formatPrimitive(DEFAULTS, parseInt(value, 10));
        case "f": return typeof value === "symbol" ? "NaN" : formatPrimitive(DEFAULTS, parseFloat(value));
        case "j": return jsonPlaceholder(value);
        case "o": return inspect(value, { showHidden: true, depth: 4 });
        case "O": return inspect(value);
        default: return "";
    }
}

function stringPlaceholder(value) {
    if (typeof value === "bigint" || (typeof value === "number" && Object.is(value, -0))) return formatPrimitive(DEFAULTS, value);
    if (typeof value !== "object" || value === null) return String(value);
    const text = value.toString;
    const builtin = text === objectPrototype.toString || text === Array.prototype.toString || typeof text !== "function";
    return builtin ? inspect(value, { depth: 0 }) : String(value);
}

function jsonPlaceholder(value) {
    try {
        return JSON.stringify(value);
    } catch (error) {
        if (/circular/i.test(error.message)) return "[Circular]";
        throw error;
    }
}
