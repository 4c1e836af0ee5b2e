// What a loaded module's functions are called with, read from their own text.

/** A text without `export` gets its functions exported, so that a plain file of functions can be called. */
export function exporting(name, text) {
    if (/^\s*(?:export\b|import\b)/m.test(text) || /\bmodule\.exports\b|^\s*exports\./m.test(text)) return text;
    const names = new Set();
    for (const match of text.matchAll(/^(?:async\s+)?function\s*\*?\s*([A-Za-z_$][\w$]*)|^(?:const|let|var)\s+([A-Za-z_$][\w$]*)\s*=\s*(?:async\b|function\b|\(|[A-Za-z_$][\w$]*\s*=>)/gm)) {
        names.add(match[1] ?? match[2]);
    }
    return names.size === 0 ? text : `${text}\n;\nexport { ${[...names].join(", ")} };`;
}

/** The functions that can be called, in the order of their text; with their types, where those are known. */
export function describe(exports, source, types) {
    if (exports === undefined) throw new Error("no module is loaded");
    const found = new Map();
    const container = typeof exports.default === "object" && exports.default !== null ? exports.default : {};
    for (const [name, value] of [...Object.entries(exports), ...Object.entries(container)]) {
        if (typeof value === "function" && !isClass(value) && !found.has(name)) found.set(name, value);
    }
    const named = firstOf(source);
    const described = [...found].map(([name, value]) => ({ ...describeFunction(name, value, source, named), ...typesOf(name, types) }));
    return described.sort((a, b) => a.at - b.at).map(({ at, ...rest }) => rest);
}

function typesOf(name, types) {
    if (!Object.hasOwn(types, name)) return {};
    const { params, result } = types[name];
    return { parameters: [], params, result };
}

function isClass(value) {
    return /^class\b/.test(Function.prototype.toString.call(value));
}

/** Where each word of a text stands first. */
function firstOf(source) {
    const first = new Map();
    for (const { 0: word, index } of source.matchAll(/[A-Za-z_$][\w$]*/g)) if (!first.has(word)) first.set(word, index);
    return first;
}

function describeFunction(name, value, source, named) {
    const text = Function.prototype.toString.call(value);
    // `async function *` may stand before the name.
    const near = source.indexOf(text, (named.get(value.name) ?? 0) - 40);
    const at = near < 0 ? source.indexOf(text) : near;
    const described = { name, parameters: parameters(text), async: /^async\b/.test(text) || value.constructor?.name === "AsyncFunction", at: at < 0 ? source.length : at };
    const doc = at < 0 ? undefined : docBefore(source, at);
    if (doc !== undefined) described.doc = doc;
    return described;
}

/** What may stand between a comment and what it is about. */
const MOST_BEFORE = 200;

/** The text of the `/** ... *\/` that ends right before a declaration. */
function docBefore(source, at) {
    const before = source.slice(Math.max(0, at - MOST_BEFORE), at);
    const rest = before.replace(/(?:export\s+)?(?:default\s+)?(?:(?:const|let|var)\s+[\w$]+\s*=\s*)?$/, "").trimEnd();
    const end = at - (before.length - rest.length);
    if (!source.endsWith("*/", end)) return undefined;
    const start = source.lastIndexOf("/*", end - 3);
    if (!source.startsWith("/**", start)) return undefined;
    const lines = source.slice(start + 3, end - 2).split("\n").map((line) => line.replace(/^\s*\*? ?/, "").trimEnd());
    return lines.join("\n").trim();
}

/** Names, defaults and whether the last one takes the rest. */
function parameters(text) {
    const bare = /^(?:async\s+)?([A-Za-z_$][\w$]*)\s*=>/.exec(text);
    if (bare) return [{ name: bare[1] }];
    const open = text.indexOf("(");
    return split(text, open + 1).map(parameter);
}

function parameter(text, index) {
    const rest = text.startsWith("...");
    const [left, ...defaults] = cut(rest ? text.slice(3) : text);
    const name = left.trim();
    const described = { name: /^[A-Za-z_$][\w$]*$/.test(name) ? name : `argument${index + 1}` };
    if (rest) described.rest = true;
    if (defaults.length > 0) described.default = defaults.join("=").trim();
    if (described.name !== name) described.pattern = name;
    return described;
}

/** Splits at the first `=` that is outside of brackets. */
function cut(text) {
    const end = scan(text, 0, (character, depth, at) => depth === 0 && character === "=" && text[at + 1] !== ">");
    return end < text.length ? [text.slice(0, end), text.slice(end + 1)] : [text];
}

/** The parts between the commas of a list that ends with `)`. */
function split(text, start) {
    const parts = [];
    for (;;) {
        const end = scan(text, start, (character, depth) => depth === 0 && (character === "," || character === ")"));
        const part = text.slice(start, end).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "").trim();
        if (part !== "") parts.push(part);
        if (end >= text.length || text[end] === ")") return parts;
        start = end + 1;
    }
}

/** The place of the first character that is asked for, outside of strings and comments. */
function scan(text, start, wanted) {
    let depth = 0;
    for (let at = start; at < text.length; at++) {
        const character = text[at];
        if (character === '"' || character === "'" || character === "`") {
            for (at++; at < text.length && text[at] !== character; at++) if (text[at] === "\\") at++;
            continue;
        }
        if (character === "/" && (text[at + 1] === "*" || text[at + 1] === "/")) {
            const end = text[at + 1] === "*" ? text.indexOf("*/", at + 2) + 1 : text.indexOf("\n", at);
            at = end <= 0 ? text.length : end;
            continue;
        }
        if (wanted(character, depth, at)) return at;
        if ("([{".includes(character)) depth++;
        if (")]}".includes(character)) depth--;
    }
    return text.length;
}
