import { URL, URLSearchParams } from "internal:address";

export function fileURLToPath(url) {
    const parsed = new URL(url);
    if (parsed.protocol !== "file:") throw Object.assign(new TypeError("The URL must be of scheme file"), { code: "ERR_INVALID_URL_SCHEME" });
    return decodeURIComponent(parsed.pathname);
}

export function pathToFileURL(path) {
    const url = new URL("file:///");
    url.pathname = path.replace(/[%?#]/g, encodeURIComponent);
    return url;
}

export { URL, URLSearchParams };
export default { URL, URLSearchParams, fileURLToPath, pathToFileURL };
