// The folder that relative paths begin in: the host's word at first.
import native from "internal:native";

export const cwd = () => native.folder();

export function chdir(path) {
    const to = absolute(`${path}`);
    const answer = native.stat(to, true);
    const [code, why] = typeof answer === "string" ? answer.split(": ") : answer[0][0] === "directory" ? [] : ["ENOTDIR", "not a directory"];
    if (code !== undefined) throw Object.assign(new Error(`${code}: ${why}, chdir '${cwd()}' -> '${path}'`), { code, syscall: "chdir", path: cwd(), dest: `${path}` });
    native.changeFolder(normal(to));
}

/** A path from the root, without `.` and `..`. */
export function normal(path) {
    const parts = [];
    for (const part of absolute(path).split("/")) {
        if (part === "..") parts.pop();
        else if (part !== "" && part !== ".") parts.push(part);
    }
    return `/${parts.join("/")}`;
}

/** A path from the root, as it is. */
export function absolute(path) {
    return path === "" || path.startsWith("/") ? path : `${cwd() === "/" ? "" : cwd()}/${path}`;
}
