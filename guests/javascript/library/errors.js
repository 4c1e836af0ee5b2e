// Stacks in the form that programs expect: a line with name and message, then the user's own frames.
import native from "internal:native";

const INTERNAL = /^(?:internal|node):/;
const captureHook = Object.getOwnPropertyDescriptor(Error, "prepareStackTrace").set;

captureHook.call(Error, function prepare(error, sites) {
    const users = Error.prepareStackTrace;
    const shown = sites.filter(isUsers);
    if (typeof users === "function") return users.call(Error, error, shown);
    let text = header(error);
    for (const site of shown) text += `\n    at ${place(site)}`;
    return text;
});

// The hook is a plain property, as elsewhere: a program that sets it is asked, and nobody reads ours.
Object.defineProperty(Error, "prepareStackTrace", { value: undefined, writable: true, configurable: true, enumerable: false });

/** Functions of the engine have no file, those of the library have one of ours, and a place in JSON has no function. */
function isUsers(site) {
    const file = site.getFileName();
    if (typeof file !== "string" || file === "" || INTERNAL.test(file)) return false;
    return file !== "<input>" || site.getFunctionName() !== null;
}

function header(error) {
    try {
        const name = error.name === undefined ? "Error" : String(error.name);
        const message = error.message === undefined ? "" : String(error.message);
        return message === "" ? name : name === "" ? message : `${name}: ${message}`;
    } catch {
        return "Error";
    }
}

function place(site) {
    const file = site.getFileName();
    const found = [site.getLineNumber(), site.getColumnNumber()];
    const [line, column] = native.original(file, ...found) ?? found;
    const at = `${file}:${line}:${column}`;
    const name = site.getFunctionName();
    return !name || name.startsWith("<") ? at : `${name} (${at})`;
}

/** What the host is told about a value that was thrown. */
export function report(thrown, inspect, toJson) {
    if (typeof thrown !== "object" || thrown === null || !(thrown instanceof Error)) {
        const text = typeof thrown === "string" ? thrown : inspect(thrown);
        return { name: "Error", message: `uncaught ${text}`, stack: "", value: JSON.parse(toJson(thrown)) };
    }
    const stack = read(thrown, "stack");
    const found = { name: read(thrown, "name") || "Error", message: read(thrown, "message"), stack: "" };
    const constructor = thrown.constructor?.name;
    if (found.name === "Error" && typeof constructor === "string" && constructor !== "") found.name = constructor;
    const frames = stack.split("\n").filter((line) => /^\s+at /.test(line) && !/[( ](?:internal|node):/.test(line));
    found.stack = frames.map((line) => `    ${line.trim()}`).join("\n");
    const where = frames.map((line) => /(?:\(|at )([^()]*?):(\d+)(?::(\d+))?\)?$/.exec(line.trim())).find((match) => match);
    if (where) {
        found.file = where[1];
        found.line = Number(where[2]);
        found.column = Number(where[3] ?? 0);
    }
    for (const key of ["code", "cause"]) {
        if (thrown[key] !== undefined) found[key] = key === "cause" ? inspect(thrown[key]) : String(thrown[key]);
    }
    return found;
}

function read(error, key) {
    try {
        return error[key] === undefined ? "" : String(error[key]);
    } catch {
        return "";
    }
}
