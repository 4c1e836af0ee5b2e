import * as timers from "internal:timers";

function aborted(signal, reject, forget) {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener("abort", () => {
        forget();
        reject(signal.reason);
    }, { once: true });
}

export function setTimeout(ms, value, { signal } = {}) {
    return new Promise((resolve, reject) => {
        const timer = timers.setTimeout(resolve, ms, value);
        aborted(signal, reject, () => timers.clearTimeout(timer));
    });
}

export function setImmediate(value) {
    return new Promise((resolve) => timers.setImmediate(resolve, value));
}

export async function* setInterval(ms, value) {
    for (;;) {
        await setTimeout(ms);
        yield value;
    }
}

export const scheduler = { wait: (ms, options) => setTimeout(ms, undefined, options), yield: () => setImmediate() };
export default { setTimeout, setImmediate, setInterval, scheduler };
