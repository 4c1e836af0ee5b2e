// Paths with slashes.
import process from "node:process";

function normalParts(path, allowAbove) {
    const parts = [];
    for (const part of path.split("/")) {
        if (part === "" || part === ".") continue;
        if (part !== "..") parts.push(part);
        else if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
        else if (allowAbove) parts.push("..");
    }
    return parts;
}

function text(path, name = "path") {
    if (typeof path === "string") return path;
    throw Object.assign(new TypeError(`The "${name}" argument must be of type string.`), { code: "ERR_INVALID_ARG_TYPE" });
}

export const sep = "/";
export const delimiter = ":";

export function isAbsolute(path) {
    return text(path).startsWith("/");
}

export function normalize(path) {
    const absolute = isAbsolute(path);
    let joined = normalParts(path, !absolute).join("/");
    if (joined === "" && !absolute) joined = ".";
    if (joined !== "" && path.endsWith("/")) joined += "/";
    return absolute ? `/${joined}`.replace(/^\/\/$/, "/") : joined;
}

export function join(...paths) {
    const joined = paths.map((path) => text(path)).filter((path) => path !== "").join("/");
    return joined === "" ? "." : normalize(joined);
}

export function resolve(...paths) {
    let resolved = "";
    for (const path of [process.cwd(), ...paths]) {
        if (text(path) === "") continue;
        resolved = path.startsWith("/") ? path : `${resolved}/${path}`;
    }
    return `/${normalParts(resolved, false).join("/")}`;
}

export function dirname(path) {
    const trimmed = text(path).replace(/(.)\/+$/, "$1");
    const at = trimmed.lastIndexOf("/");
    if (at < 0) return ".";
    return at === 0 ? "/" : trimmed.slice(0, at).replace(/(.)\/+$/, "$1");
}

export function basename(path, ending) {
    const base = text(path).replace(/\/+$/, "").split("/").at(-1);
    return ending !== undefined && base !== ending && base.endsWith(ending) ? base.slice(0, -ending.length) : base;
}

export function extname(path) {
    const base = basename(path);
    const at = base.lastIndexOf(".");
    return at <= 0 || base === ".." ? "" : base.slice(at);
}

export function relative(from, to) {
    const start = normalParts(resolve(from), false);
    const end = normalParts(resolve(to), false);
    let same = 0;
    while (same < start.length && same < end.length && start[same] === end[same]) same++;
    return [...start.slice(same).map(() => ".."), ...end.slice(same)].join("/");
}

export function parse(path) {
    const root = isAbsolute(path) ? "/" : "";
    const base = basename(path);
    const ext = extname(path);
    const dir = path.includes("/") ? dirname(path) : "";
    return { root, dir: base === "" ? root : dir, base, ext, name: ext === "" ? base : base.slice(0, -ext.length) };
}

export function format({ root = "", dir, base, name = "", ext = "" }) {
    const file = base ?? name + (ext === "" || ext.startsWith(".") ? ext : `.${ext}`);
    if (!dir) return root + file;
    return dir === root ? dir + file : `${dir}/${file}`;
}

export function toNamespacedPath(path) {
    return path;
}

const path = { sep, delimiter, isAbsolute, normalize, join, resolve, dirname, basename, extname, relative, parse, format, toNamespacedPath };
path.posix = path;
export const posix = path;
export default path;
