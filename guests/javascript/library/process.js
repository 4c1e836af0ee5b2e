// `process`: the program itself.
import native from "internal:native";
import { bytesOf } from "internal:encoding";
import { stdin } from "internal:stdin";
import { nextTick } from "internal:timers";
import { EventEmitter } from "node:events";
import { chdir, cwd } from "internal:folder";

let environment;

/** The environment of the sandbox, read when it is first asked for. */
function env() {
    environment ??= new Proxy(Object.fromEntries(native.environment()), {
        set: (target, key, value) => Reflect.set(target, key, `${value}`),
    });
    return environment;
}

function stream(number) {
    const emitter = new EventEmitter();
    return Object.assign(emitter, {
        fd: number,
        isTTY: false,
        columns: 80,
        writable: true,
        write(data, encoding, done) {
            if (typeof data === "string") native.write(number, data);
            else native.writeBytes(number, bytesOf(data));
            const callback = typeof encoding === "function" ? encoding : done;
            if (typeof callback === "function") nextTick(callback);
            return true;
        },
        end(data, ...rest) {
            if (data !== undefined && typeof data !== "function") this.write(data, ...rest);
            nextTick(() => emitter.emit("finish"));
        },
    });
}

function hrtime(since) {
    const now = native.elapsed();
    const then = since === undefined ? 0 : since[0] * 1e9 + since[1];
    return [Math.floor((now - then) / 1e9), (now - then) % 1e9];
}
hrtime.bigint = () => BigInt(native.elapsed());

const process = Object.assign(new EventEmitter(), {
    argv: ["/bin/node"],
    argv0: "node",
    execArgv: [],
    execPath: "/bin/node",
    exitCode: undefined,
    pid: 1,
    ppid: 0,
    title: "node",
    platform: "wasi",
    arch: "wasm32",
    version: "v20.0.0",
    versions: { node: "20.0.0" },
    release: { name: "node" },
    features: {},
    config: {},
    stdin,
    stdout: stream(1),
    stderr: stream(2),
    nextTick,
    hrtime,
    cwd,
    chdir,
    uptime: () => native.elapsed() / 1e9,
    umask: () => 0o22,
    getuid: () => 0,
    getgid: () => 0,
    memoryUsage: () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }),
    cpuUsage: () => ({ user: Math.floor(native.elapsed() / 1e3), system: 0 }),
    emitWarning(warning) {
        native.write(2, `(node:1) ${warning?.name ?? "Warning"}: ${warning?.message ?? warning}\n`);
    },
    exit(code = process.exitCode ?? 0) {
        process.exitCode = code;
        leave();
        native.exit(Number(process.exitCode) | 0);
    },
    abort: () => native.exit(134),
});
Object.defineProperty(process, "env", { get: env, enumerable: true, configurable: true });
Object.defineProperty(process, Symbol.toStringTag, { value: "process", configurable: true });
for (const key of Object.keys(process).filter((key) => key.startsWith("_"))) {
    Object.defineProperty(process, key, { enumerable: false });
}

let left = false;

function leave() {
    if (left) return;
    left = true;
    process.emit("exit", Number(process.exitCode ?? 0));
}

/** A program begins, with these arguments. */
export function begin(name, values) {
    process.argv = ["/bin/node", name.startsWith("/") ? name : `/${name}`, ...values];
    process.exitCode = undefined;
    left = false;
}

/** A program ended by itself: the code that it wants to leave. */
export function end() {
    if (process.listenerCount("exit") > 0) leave();
    return Number(process.exitCode ?? 0) | 0;
}

export default process;
export const { argv, exit, stdout, stderr, platform, version, versions, arch, pid, uptime, memoryUsage } = process;
export { chdir, cwd, hrtime, nextTick, stdin };
