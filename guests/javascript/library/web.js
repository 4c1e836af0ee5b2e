// Events of the web: `EventTarget`, `AbortController`.

export class Event {
    #type;
    #cancelable;
    #prevented = false;
    #state;
    timeStamp = performance.now();
    target = null;
    currentTarget = null;

    constructor(type, { bubbles = false, cancelable = false, composed = false } = {}) {
        this.#type = `${type}`;
        this.#cancelable = Boolean(cancelable);
        this.#state = { stopped: false };
        Object.defineProperties(this, { bubbles: { value: bubbles }, composed: { value: composed }, timeStamp: { enumerable: false }, target: { enumerable: false }, currentTarget: { enumerable: false } });
    }

    get type() {
        return this.#type;
    }

    get cancelable() {
        return this.#cancelable;
    }

    get defaultPrevented() {
        return this.#prevented;
    }

    preventDefault() {
        if (this.#cancelable) this.#prevented = true;
    }

    stopPropagation() {}

    stopImmediatePropagation() {
        this.#state.stopped = true;
    }

    static stopped(event) {
        return event.#state.stopped;
    }
}
const { stopped } = Event;
delete Event.stopped;

export class CustomEvent extends Event {
    #detail;

    constructor(type, options) {
        super(type, options);
        this.#detail = options?.detail ?? null;
    }

    get detail() {
        return this.#detail;
    }
}

export class EventTarget {
    #listeners = new Map();

    addEventListener(type, listener, options) {
        if (listener === null || listener === undefined) return;
        const { once = false, signal } = typeof options === "object" && options !== null ? options : {};
        if (signal?.aborted) return;
        const list = this.#listeners.get(`${type}`) ?? [];
        if (list.some((entry) => entry.listener === listener)) return;
        this.#listeners.set(`${type}`, [...list, { listener, once }]);
        signal?.addEventListener("abort", () => this.removeEventListener(type, listener));
    }

    removeEventListener(type, listener) {
        const list = this.#listeners.get(`${type}`);
        if (list !== undefined) this.#listeners.set(`${type}`, list.filter((entry) => entry.listener !== listener));
    }

    dispatchEvent(event) {
        if (!(event instanceof Event)) throw new TypeError('The "event" argument must be an instance of Event.');
        event.target = event.currentTarget = this;
        const own = this[`on${event.type}`];
        const entries = this.#listeners.get(event.type) ?? [];
        if (typeof own === "function") own.call(this, event);
        for (const entry of entries) {
            if (stopped(event)) break;
            if (entry.once) this.removeEventListener(event.type, entry.listener);
            if (typeof entry.listener === "function") entry.listener.call(this, event);
            else entry.listener.handleEvent(event);
        }
        event.currentTarget = null;
        return !event.defaultPrevented;
    }
}

let allowed = false;

export class AbortSignal extends EventTarget {
    #aborted = false;
    #reason;
    onabort = null;

    constructor() {
        super();
        if (!allowed) throw new TypeError("Illegal constructor");
        Object.defineProperty(this, "onabort", { enumerable: false });
    }

    get aborted() {
        return this.#aborted;
    }

    get reason() {
        return this.#reason;
    }

    throwIfAborted() {
        if (this.#aborted) throw this.#reason;
    }

    static abort(reason) {
        const signal = makeSignal();
        trip(signal, reason);
        return signal;
    }

    static timeout(ms) {
        const signal = makeSignal();
        // More than a timer can say is longer than any sandbox lasts.
        setTimeout(() => trip(signal, new DOMException("The operation was aborted due to timeout", "TimeoutError")), Math.min(ms, 0x7fff_ffff)).unref();
        return signal;
    }

    static any(signals) {
        const joined = makeSignal();
        for (const signal of signals) {
            if (signal.aborted) trip(joined, signal.reason);
            else signal.addEventListener("abort", () => trip(joined, signal.reason), { once: true });
        }
        return joined;
    }

    static trip(signal, reason = new DOMException("This operation was aborted", "AbortError")) {
        if (signal.#aborted) return;
        signal.#aborted = true;
        signal.#reason = reason;
        signal.dispatchEvent(new Event("abort"));
    }
}
const { trip } = AbortSignal;
delete AbortSignal.trip;

function makeSignal() {
    allowed = true;
    try {
        return new AbortSignal();
    } finally {
        allowed = false;
    }
}

export class AbortController {
    #signal = makeSignal();

    get signal() {
        return this.#signal;
    }

    abort(reason) {
        trip(this.#signal, reason);
    }
}
