// Queries of addresses, the old way.
export function parse(text, separator = "&", equals = "=") {
    const found = Object.create(null);
    const plain = (part) => unescape(part.replaceAll("+", " "));
    for (const pair of `${text}`.split(separator).filter((pair) => pair !== "")) {
        const at = pair.indexOf(equals);
        const [name, value] = at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + equals.length)];
        const key = plain(name);
        found[key] = key in found ? [found[key], plain(value)].flat() : plain(value);
    }
    return found;
}

export function stringify(values, separator = "&", equals = "=") {
    const pairs = Object.entries(values ?? {}).flatMap(([name, value]) => [value].flat().map((one) => `${escape(name)}${equals}${escape(one ?? "")}`));
    return pairs.join(separator);
}

export const escape = (text) => encodeURIComponent(`${text}`);

export function unescape(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

export default { parse, stringify, escape, unescape, encode: stringify, decode: parse };
