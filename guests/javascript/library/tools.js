// The host's tools: `await tools.search({query: "x"})`.
import native from "internal:native";

function call(name, values) {
    const { promise, resolve, reject } = Promise.withResolvers();
    const values_ = values.length === 0 ? {} : values.length === 1 && typeof values[0] === "object" && values[0] !== null ? values[0] : values;
    const settle = (answer) => {
        if ("ok" in answer) resolve(answer.ok);
        else reject(failure(answer.error));
    };
    if (!native.toolStart(JSON.stringify({ name, arguments: values_ }), settle)) {
        throw failure({ name: "ToolError", message: `the tool \`${name}\` cannot be called` });
    }
    return promise;
}

function failure({ name, message }) {
    const error = new Error(message);
    Object.defineProperty(error, "name", { value: name, writable: true, configurable: true });
    return error;
}

const known = new Map();

export const tools = new Proxy(Object.create(null), {
    get(target, name) {
        // A promise that resolves to the tools asks for `then`.
        if (typeof name === "symbol" || name === "then" || name === "toJSON") return undefined;
        if (!known.has(name)) known.set(name, { [name]: async (...values) => call(name, values) }[name]);
        return known.get(name);
    },
    set: () => false,
    deleteProperty: () => false,
});
