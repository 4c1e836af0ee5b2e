// Files, as far as the sandbox can reach them.
import native from "internal:native";
import { bytesOf } from "internal:encoding";
import { absolute, normal } from "internal:folder";
import * as streams from "internal:fs_streams";
import { Buffer } from "node:buffer";

/** The native functions, for paths that may be relative. */
const files = {};
for (const name of ["readFile", "writeFile", "stat", "readFolder", "makeFolder", "removeFile", "removeFolder", "readLink"]) {
    files[name] = (path, ...more) => native[name](absolute(path), ...more);
}
files.rename = (from, to) => native.rename(absolute(from), absolute(to));

function pathOf(path) {
    if (path instanceof URL) path = decodeURIComponent(path.pathname);
    else if (typeof path !== "string" && ArrayBuffer.isView(path)) path = Buffer.from(path).toString();
    if (typeof path !== "string") {
        throw Object.assign(new TypeError('The "path" argument must be of type string or an instance of Buffer or URL.'), { code: "ERR_INVALID_ARG_TYPE" });
    }
    return path;
}

/** What a native function found, or its error as Node's users know it. */
function found(answer, call, path, to) {
    if (typeof answer !== "string") return answer[0];
    const code = answer.slice(0, answer.indexOf(":"));
    const error = new Error(`${answer}, ${call} '${path}'${to === undefined ? "" : ` -> '${to}'`}`);
    throw Object.assign(error, { code, syscall: call, path, ...(to === undefined ? {} : { dest: to }) });
}

function readWhole(path) {
    const answer = files.readFile(path);
    const folder = typeof answer === "string" && files.stat(path, true)[0]?.[0] === "directory";
    return folder ? found("EISDIR: illegal operation on a directory", "read", path) : found(answer, "open", path);
}

function encodingOf(options) {
    return typeof options === "string" ? options : options?.encoding;
}

export function readFileSync(path, options) {
    if (path === "/dev/stdin") path = 0;
    const data = typeof path === "number" ? found(native.readStream(path), "read", path) : readWhole(pathOf(path));
    const bytes = Buffer.from(data);
    const encoding = encodingOf(options);
    return encoding && encoding !== "buffer" ? bytes.toString(encoding) : bytes;
}

function write(path, data, options, append) {
    const bytes = typeof data === "string" ? Buffer.from(data, encodingOf(options) ?? "utf8") : bytesOf(data);
    if (typeof path === "number") return native.writeBytes(path, bytes);
    const flag = (typeof options === "object" && options?.flag) || (append ? "a" : "w");
    found(files.writeFile(pathOf(path), bytes, flag.startsWith("a"), flag.includes("x")), "open", pathOf(path));
}

export function writeFileSync(path, data, options) {
    write(path, data, options, false);
}

export function appendFileSync(path, data, options) {
    write(path, data, options, true);
}

export class Stats {
    #kind;

    constructor([kind, size, modified, accessed]) {
        this.#kind = kind;
        this.mode = kind === "directory" ? 0o40755 : kind === "link" ? 0o120777 : 0o100644;
        this.size = size;
        this.atimeMs = accessed;
        this.mtimeMs = modified;
        this.ctimeMs = modified;
        this.birthtimeMs = modified;
        for (const name of ["atime", "mtime", "ctime", "birthtime"]) this[name] = new Date(this[`${name}Ms`]);
    }

    isFile() {
        return this.#kind === "file";
    }

    isDirectory() {
        return this.#kind === "directory";
    }

    isSymbolicLink() {
        return this.#kind === "link";
    }
}

export class Dirent {
    #kind;

    constructor(name, kind, parentPath) {
        this.name = name;
        this.parentPath = parentPath;
        this.path = parentPath;
        this.#kind = kind;
    }

    isFile() {
        return this.#kind === "file";
    }

    isDirectory() {
        return this.#kind === "directory";
    }

    isSymbolicLink() {
        return this.#kind === "link";
    }
}

function statOf(path, follow, options) {
    const answer = files.stat(pathOf(path), follow);
    if (options?.throwIfNoEntry === false && typeof answer === "string" && answer.startsWith("ENOENT")) return undefined;
    return new Stats(found(answer, follow ? "stat" : "lstat", pathOf(path)));
}

export function statSync(path, options) {
    return statOf(path, true, options);
}

export function lstatSync(path, options) {
    return statOf(path, false, options);
}

export function existsSync(path) {
    try {
        return typeof files.stat(pathOf(path), true) !== "string";
    } catch {
        return false;
    }
}

export function accessSync(path) {
    found(files.stat(pathOf(path), true), "access", pathOf(path));
}

export function readdirSync(path, options) {
    const folder = pathOf(path);
    const { withFileTypes = false, recursive = false } = typeof options === "object" && options !== null ? options : {};
    const listed = [];
    const walk = (at, prefix) => {
        for (const [name, kind] of found(files.readFolder(at), "scandir", at)) {
            listed.push(withFileTypes ? new Dirent(name, kind, at) : prefix + name);
            if (recursive && kind === "directory") walk(`${at.replace(/\/$/, "")}/${name}`, `${prefix}${name}/`);
        }
    };
    walk(folder, "");
    return listed;
}

export function mkdirSync(path, options) {
    const folder = pathOf(path);
    if (!(typeof options === "object" && options?.recursive)) return void found(files.makeFolder(folder), "mkdir", folder);
    let first;
    const parts = folder.split("/");
    for (let count = 1; count <= parts.length; count++) {
        const part = parts.slice(0, count).join("/");
        if (part === "" || part === "." || part === "..") continue;
        const known = files.stat(part, true);
        if (typeof known !== "string") {
            if (known[0][0] !== "directory") found("EEXIST: file already exists", "mkdir", folder);
            continue;
        }
        if (known.startsWith("EACCES") && count < parts.length) continue;
        found(files.makeFolder(part), "mkdir", folder);
        first ??= part;
    }
    return first;
}

export function rmdirSync(path, options) {
    if (options?.recursive) return rmSync(path, options);
    found(files.removeFolder(pathOf(path)), "rmdir", pathOf(path));
}

export function unlinkSync(path) {
    found(files.removeFile(pathOf(path)), "unlink", pathOf(path));
}

export function rmSync(path, { recursive = false, force = false } = {}) {
    const at = pathOf(path);
    const known = files.stat(at, false);
    if (force && typeof known === "string" && known.startsWith("ENOENT")) return;
    const [kind] = found(known, "rm", at);
    if (kind !== "directory") return unlinkSync(at);
    if (!recursive) throw Object.assign(new Error(`Path is a directory: rm returned EISDIR (is a directory) ${at}`), { code: "ERR_FS_EISDIR", path: at });
    for (const name of readdirSync(at)) rmSync(`${at}/${name}`, { recursive, force });
    rmdirSync(at);
}

export function renameSync(from, to) {
    found(files.rename(pathOf(from), pathOf(to)), "rename", pathOf(from), pathOf(to));
}

export function copyFileSync(from, to, mode = 0) {
    const bytes = new Uint8Array(found(files.readFile(pathOf(from)), "copyfile", pathOf(from), pathOf(to)));
    found(files.writeFile(pathOf(to), bytes, false, (mode & 1) === 1), "copyfile", pathOf(from), pathOf(to));
}

export function cpSync(from, to, options = {}) {
    if (!statSync(from).isDirectory()) return copyFileSync(from, to);
    if (!options.recursive) throw Object.assign(new Error(`Recursive option not enabled, cannot copy a directory: ${from}`), { code: "ERR_FS_EISDIR" });
    mkdirSync(to, { recursive: true });
    for (const name of readdirSync(from)) cpSync(`${pathOf(from)}/${name}`, `${pathOf(to)}/${name}`, options);
}

export function mkdtempSync(prefix) {
    const path = pathOf(prefix) + Math.random().toString(36).slice(2, 8).padEnd(6, "0");
    mkdirSync(path);
    return path;
}

export function readlinkSync(path) {
    return found(files.readLink(pathOf(path)), "readlink", pathOf(path));
}

export function realpathSync(path) {
    accessSync(path);
    return normal(pathOf(path));
}

export const createReadStream = (path, options) => streams.createReadStream(pathOf(path), options, readFileSync);
export const createWriteStream = (path, options) => streams.createWriteStream(pathOf(path), options, writeFileSync);

/** Writes to a stream of the program's; files have no numbers here. */
export function writeSync(stream, data) {
    const bytes = typeof data === "string" ? Buffer.from(data) : bytesOf(data);
    native.writeBytes(stream, bytes);
    return bytes.length;
}

/** Reads what comes next on a stream of the program's, at most so much of it; files have no numbers here. */
export function readSync(stream, buffer, ...where) {
    const into = bytesOf(buffer);
    const isOptions = typeof where[0] === "object" && where[0] !== null;
    const options = isOptions ? where[0] : { offset: where[0], length: where[1], position: where[2] };
    const offset = options.offset ?? 0;
    const length = options.length ?? into.length - offset;
    if (!(offset >= 0 && length >= 0 && offset + length <= into.length)) {
        throw Object.assign(new RangeError(`${length} bytes at ${offset} are not in a buffer of ${into.length}`), { code: "ERR_OUT_OF_RANGE" });
    }
    if ((options.position ?? -1) >= 0) found("ESPIPE: invalid seek", "read", stream);
    const bytes = new Uint8Array(found(native.readPiece(stream, length), "read", stream));
    into.set(bytes, offset);
    return bytes.length;
}

export const constants = { F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1, COPYFILE_EXCL: 1 };

const SYNCHRONOUS = {
    readFile: readFileSync, writeFile: writeFileSync, appendFile: appendFileSync, stat: statSync, lstat: lstatSync, access: accessSync,
    readdir: readdirSync, mkdir: mkdirSync, rmdir: rmdirSync, unlink: unlinkSync, rm: rmSync, rename: renameSync, copyFile: copyFileSync,
    cp: cpSync, mkdtemp: mkdtempSync, readlink: readlinkSync, realpath: realpathSync,
};

/** Each function as a promise. */
export const promises = { constants };
/** Each function with a callback. */
const callbacks = {};
for (const [name, act] of Object.entries(SYNCHRONOUS)) {
    promises[name] = { [name]: async (...values) => act(...values) }[name];
    callbacks[name] = (...values) => {
        const callback = values.pop();
        if (typeof callback !== "function") throw Object.assign(new TypeError('The "cb" argument must be of type function.'), { code: "ERR_INVALID_ARG_TYPE" });
        let outcome;
        try {
            outcome = [null, act(...values)];
        } catch (error) {
            outcome = [error];
        }
        setImmediate(callback, ...outcome);
    };
}
export const { readFile, writeFile, appendFile, stat, lstat, access, readdir, mkdir, rmdir, unlink, rm, rename, copyFile, cp, mkdtemp, readlink, realpath } = callbacks;

export default {
    ...callbacks, promises, constants, Stats, Dirent, readFileSync, writeFileSync, appendFileSync, statSync, lstatSync, existsSync, accessSync,
    readdirSync, mkdirSync, rmdirSync, unlinkSync, rmSync, renameSync, copyFileSync, cpSync, mkdtempSync, readlinkSync, realpathSync, createReadStream, createWriteStream, readSync, writeSync,
};
