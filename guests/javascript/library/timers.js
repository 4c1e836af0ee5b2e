// Timers, over the one queue of the event loop.
import native from "internal:native";

export class Timeout {
    #id = 0;
    #callback;
    #ms;
    #repeat;
    #referenced = true;

    constructor(callback, ms, repeat, values) {
        if (typeof callback !== "function") {
            throw Object.assign(new TypeError('The "callback" argument must be of type function.'), { code: "ERR_INVALID_ARG_TYPE" });
        }
        this.#callback = values.length > 0 ? () => callback(...values) : () => callback();
        this.#ms = ms >= 1 && ms <= 2147483647 ? Math.trunc(ms) : repeat ? 1 : 0;
        this.#repeat = repeat;
        this.#arm();
    }

    #arm() {
        this.#id = native.timerStart(() => this.#fire(), this.#ms, this.#referenced);
        byId.set(this.#id, this);
    }

    #fire() {
        const id = this.#id;
        byId.delete(id);
        try {
            this.#callback();
        } finally {
            if (this.#repeat && this.#id === id) this.#arm();
        }
    }

    close() {
        native.timerStop(this.#id);
        byId.delete(this.#id);
        this.#id = 0;
        return this;
    }

    refresh() {
        native.timerStop(this.#id);
        byId.delete(this.#id);
        this.#arm();
        return this;
    }

    ref() {
        this.#referenced = true;
        native.timerReference(this.#id, true);
        return this;
    }

    unref() {
        this.#referenced = false;
        native.timerReference(this.#id, false);
        return this;
    }

    hasRef() {
        return this.#referenced;
    }

    [Symbol.toPrimitive]() {
        return this.#id;
    }
}

/** Timers that were turned into numbers can be cleared by them. */
const byId = new Map();

class Immediate {
    cleared = false;
}

export function setTimeout(callback, ms, ...values) {
    return new Timeout(callback, ms, false, values);
}

export function setInterval(callback, ms, ...values) {
    return new Timeout(callback, ms, true, values);
}

export function clearTimeout(timer) {
    if (timer instanceof Timeout) timer.close();
    else byId.get(Number(timer))?.close();
}

export function setImmediate(callback, ...values) {
    const immediate = new Immediate();
    native.immediate(() => {
        if (!immediate.cleared) callback(...values);
    });
    return immediate;
}

export function clearImmediate(immediate) {
    if (immediate instanceof Immediate) immediate.cleared = true;
}

export function queueMicrotask(callback) {
    if (typeof callback !== "function") throw new TypeError('The "callback" argument must be of type function.');
    native.microtask(() => void callback());
}

export function nextTick(callback, ...values) {
    if (typeof callback !== "function") throw new TypeError('The "callback" argument must be of type function.');
    native.tick(() => callback(...values));
}

/** What an error leaves behind is not run later. */
export function forgetTimers() {
    byId.clear();
}
