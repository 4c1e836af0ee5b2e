// `console`: `log`, `info` and `debug` go to the output, `warn` and `error` to the error output.
import native from "internal:native";
import { formatLine, inspect, width } from "internal:inspect";

let indentation = "";
const counts = new Map();
const timers = new Map();

function print(stream, values) {
    let text = formatLine(values);
    if (indentation !== "") text = indentation + text.replaceAll("\n", `\n${indentation}`);
    native.write(stream, `${text}\n`);
}

const log = (...values) => print(1, values);
const error = (...values) => print(2, values);

function elapsed(label, more) {
    const since = timers.get(`${label}`);
    if (since === undefined) return error(`Warning: No such label '${label}' for console.timeLog()`);
    const ms = performance.now() - since;
    const text = ms >= 1000 ? `${(ms / 1000).toFixed(3)}s` : `${Number(ms.toFixed(3))}ms`;
    log(`${label}: ${text}`, ...more);
}

const members = {
    log,
    info: (...values) => print(1, values),
    debug: (...values) => print(1, values),
    warn: (...values) => print(2, values),
    error,
    trace(...values) {
        const stack = new Error().stack.split("\n").slice(1).join("\n");
        error(`Trace${values.length > 0 ? ": " : ""}${values.length > 0 ? formatLine(values) : ""}${stack === "" ? "" : `\n${stack}`}`);
    },
    dir: (value, options) => log(inspect(value, { ...options })),
    dirxml: (...values) => log(...values),
    assert(condition, ...values) {
        if (condition) return;
        if (typeof values[0] === "string") values[0] = `Assertion failed: ${values[0]}`;
        else values.unshift("Assertion failed");
        error(...values);
    },
    group(...values) {
        if (values.length > 0) log(...values);
        indentation += "  ";
    },
    groupEnd() {
        indentation = indentation.slice(2);
    },
    count(label = "default") {
        counts.set(`${label}`, (counts.get(`${label}`) ?? 0) + 1);
        log(`${label}: ${counts.get(`${label}`)}`);
    },
    countReset: (label = "default") => void counts.delete(`${label}`),
    time: (label = "default") => void timers.set(`${label}`, performance.now()),
    timeLog: (label = "default", ...values) => elapsed(label, values),
    timeEnd(label = "default") {
        elapsed(label, []);
        timers.delete(`${label}`);
    },
    table,
};
members.groupCollapsed = members.group;

/** A table of rows; what is not made of rows is logged. */
function table(data, only) {
    if (typeof data !== "object" || data === null) return log(data);
    const isMap = data instanceof Map;
    const rows = isMap ? [...data].map(([key, value], index) => [index, { Key: key, Values: value }]) : data instanceof Set ? [...data].map((value, index) => [index, value]) : Object.entries(data);
    const names = [];
    let plain = false;
    for (const [, row] of rows) {
        if (typeof row !== "object" || row === null) plain = true;
        else for (const name of Object.keys(row)) if (!names.includes(name)) names.push(name);
    }
    const chosen = only ?? names;
    const head = [isMap || data instanceof Set ? "(iteration index)" : "(index)", ...chosen, ...(plain ? ["Values"] : [])];
    const body = rows.map(([index, row]) => {
        const object = typeof row === "object" && row !== null;
        const cells = chosen.map((name) => (object && Object.hasOwn(row, name) ? cell(row[name]) : ""));
        return [`${index}`, ...cells, ...(plain ? [object ? "" : cell(row)] : [])];
    });
    log(drawTable(head, body));
}

function cell(value) {
    return inspect(value, { depth: typeof value === "object" && value !== null && Object.keys(value).length > 2 ? -1 : 0, maxArrayLength: 3, breakLength: Infinity });
}

function drawTable(head, body) {
    const widths = head.map((text, column) => Math.max(width(text), ...body.map((row) => width(row[column]))) + 2);
    const line = (left, middle, right) => left + widths.map((size) => "─".repeat(size)).join(middle) + right;
    const row = (cells) => `│${cells.map((text, column) => ` ${text}${" ".repeat(widths[column] - width(text) - 1)}`).join("│")}│`;
    return [line("┌", "┬", "┐"), row(head), line("├", "┼", "┤"), ...body.map(row), line("└", "┴", "┘")].join("\n");
}

export const console = Object.create({});
for (const [name, member] of Object.entries(members)) {
    Object.defineProperty(member, "name", { value: name });
    Object.defineProperty(console, name, { value: member, writable: true, configurable: true, enumerable: true });
}
