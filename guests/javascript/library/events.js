// Node's events.

export class EventEmitter {
    _events = Object.create(null);

    constructor() {
        Object.defineProperty(this, "_events", { enumerable: false, writable: true });
    }

    #add(name, entry, first) {
        if (typeof entry.listener !== "function") {
            throw Object.assign(new TypeError(`The "listener" argument must be of type function. Received ${entry.listener === null ? "null" : typeof entry.listener}`), { code: "ERR_INVALID_ARG_TYPE" });
        }
        if (name !== "newListener" && this._events.newListener) this.emit("newListener", name, entry.listener);
        const list = this._events[name] ?? [];
        this._events[name] = first ? [entry, ...list] : [...list, entry];
        return this;
    }

    on(name, listener) {
        return this.#add(name, { listener, once: false }, false);
    }

    once(name, listener) {
        return this.#add(name, { listener, once: true }, false);
    }

    prependListener(name, listener) {
        return this.#add(name, { listener, once: false }, true);
    }

    prependOnceListener(name, listener) {
        return this.#add(name, { listener, once: true }, true);
    }

    off(name, listener) {
        const list = this._events[name] ?? [];
        const at = list.findLastIndex((entry) => entry.listener === listener);
        if (at >= 0) this.#keep(name, list.toSpliced(at, 1));
        return this;
    }

    #keep(name, list) {
        if (list.length > 0) this._events[name] = list;
        else delete this._events[name];
    }

    removeAllListeners(name) {
        if (name === undefined) this._events = Object.create(null);
        else delete this._events[name];
        return this;
    }

    emit(name, ...values) {
        const list = this._events[name];
        if (list === undefined) {
            if (name !== "error") return false;
            if (values[0] instanceof Error) throw values[0];
            throw Object.assign(new Error(`Unhandled error. (${values[0]})`), { code: "ERR_UNHANDLED_ERROR", context: values[0] });
        }
        for (const entry of list) {
            if (entry.once) this.#keep(name, (this._events[name] ?? []).filter((other) => other !== entry));
            entry.listener.apply(this, values);
        }
        return true;
    }

    listeners(name) {
        return (this._events[name] ?? []).map((entry) => entry.listener);
    }

    rawListeners(name) {
        return this.listeners(name);
    }

    listenerCount(name) {
        return (this._events[name] ?? []).length;
    }

    eventNames() {
        return Reflect.ownKeys(this._events);
    }

    setMaxListeners() {
        return this;
    }

    getMaxListeners() {
        return 10;
    }
}
EventEmitter.prototype.addListener = EventEmitter.prototype.on;
EventEmitter.prototype.removeListener = EventEmitter.prototype.off;
EventEmitter.EventEmitter = EventEmitter;
EventEmitter.defaultMaxListeners = 10;

/** A promise of the next event's values. */
export function once(emitter, name) {
    return new Promise((resolve, reject) => {
        const failed = (error) => {
            emitter.off(name, happened);
            reject(error);
        };
        const happened = (...values) => {
            emitter.off("error", failed);
            resolve(values);
        };
        emitter.once(name, happened);
        if (name !== "error") emitter.once("error", failed);
    });
}
EventEmitter.once = once;

export default EventEmitter;
