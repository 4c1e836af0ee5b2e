// Streams: pieces in their order, one at a time, no faster than whoever takes them.
import { EventEmitter } from "node:events";
import { Buffer } from "node:buffer";
import { nextTick } from "internal:timers";
import { StringDecoder } from "node:string_decoder";

const HIGH = 16;

/** The same bytes, which are not copied. */
function bufferOf(piece) {
    return Buffer.isBuffer(piece) ? piece : ArrayBuffer.isView(piece) ? new Buffer(piece.buffer, piece.byteOffset, piece.byteLength) : Buffer.from(piece);
}

function failure(message, code) {
    return Object.assign(new Error(message), { code });
}

/** What both directions have. */
export class Stream extends EventEmitter {
    destroyed = false;
    errored = null;

    destroy(error) {
        if (this.destroyed) return this;
        this.destroyed = true;
        this.errored = error ?? null;
        this._destroy(error ?? null, (failed = error) => nextTick(() => {
            if (failed) this.emit("error", failed);
            this.emit("close");
        }));
        return this;
    }

    _destroy(error, done) {
        done(error);
    }

    pipe(to, { end = true } = {}) {
        this.on("data", (piece) => {
            if (to.write(piece) === false) this.pause();
        });
        to.on("drain", () => this.resume());
        if (end) this.on("end", () => to.end());
        to.emit("pipe", this);
        return to;
    }
}

export class Readable extends Stream {
    #pieces = [];
    #flowing = null;
    #ended = false;
    #told = false;
    #asked = false;
    #planned = false;
    #wanted = 0;
    #decoder;
    #wake;

    constructor({ read, destroy, objectMode, readableObjectMode, encoding, highWaterMark = HIGH } = {}) {
        super();
        if (read) this._read = read;
        if (destroy) this._destroy = destroy;
        this.readableObjectMode = Boolean(objectMode ?? readableObjectMode);
        this.readableHighWaterMark = highWaterMark;
        if (encoding) this.setEncoding(encoding);
    }

    static from(source, options) {
        const pieces = typeof source === "string" || ArrayBuffer.isView(source) ? [source] : source;
        const iterator = (pieces[Symbol.asyncIterator] ?? pieces[Symbol.iterator]).call(pieces);
        const read = async function () {
            try {
                const { value, done } = await iterator.next();
                this.push(done ? null : await value);
            } catch (error) {
                this.destroy(error);
            }
        };
        return new Readable({ objectMode: true, ...options, read });
    }

    get readable() {
        return !this.destroyed && !this.#told;
    }

    get readableEnded() {
        return this.#told;
    }

    get readableLength() {
        return this.#pieces.length;
    }

    get readableFlowing() {
        return this.#flowing;
    }

    _read() {}

    push(piece, encoding) {
        this.#asked = false;
        if (piece === null) {
            const rest = this.#decoder?.end() ?? "";
            if (rest !== "") this.#pieces.push(rest);
            this.#ended = true;
        } else if (this.#ended) {
            this.destroy(failure("stream.push() after EOF", "ERR_STREAM_PUSH_AFTER_EOF"));
            return false;
        } else {
            this.#add(this.#form(piece, encoding));
        }
        this.#plan();
        return this.#pieces.length < this.readableHighWaterMark;
    }

    /** A piece of which nothing is left, since its only character is not complete, is none. */
    #add(piece) {
        if (this.readableObjectMode || piece.length > 0) this.#pieces.push(piece);
    }

    unshift(piece) {
        this.#pieces.unshift(this.#form(piece));
    }

    #form(piece, encoding) {
        if (this.readableObjectMode) return piece;
        if (typeof piece === "string") return this.#decoder ? piece : Buffer.from(piece, encoding);
        return this.#decoder ? this.#decoder.write(piece) : bufferOf(piece);
    }

    setEncoding(encoding) {
        this.#decoder = new StringDecoder(encoding);
        const pieces = this.#pieces;
        this.#pieces = [];
        for (const piece of pieces) this.#add(this.#decoder.write(piece));
        return this;
    }

    read(size) {
        if (size !== undefined && !this.readableObjectMode) return this.#readSome(size);
        const piece = this.#pieces.shift();
        this.#plan();
        return piece ?? null;
    }

    /** So much and no less, until the end. */
    #readSome(size) {
        const isThere = size > 0 && (this.#length() >= size || this.#ended && this.#pieces.length > 0);
        // What has been asked for in vain is waited for, and not asked for again.
        if (isThere || this.#wanted < size) this.#plan();
        this.#wanted = isThere ? 0 : size;
        if (!isThere) return null;
        const [first] = this.#pieces;
        const all = this.#pieces.length === 1 ? first : typeof first === "string" ? this.#pieces.join("") : Buffer.concat(this.#pieces);
        this.#pieces = size < all.length ? [all.slice(size)] : [];
        return all.slice(0, size);
    }

    #length() {
        return this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
    }

    on(name, listener) {
        super.on(name, listener);
        this.#heard(name);
        return this;
    }

    once(name, listener) {
        super.once(name, listener);
        this.#heard(name);
        return this;
    }

    #heard(name) {
        if (name === "data" && this.#flowing !== false) this.resume();
        if (name === "readable") this.#plan();
    }

    resume() {
        const flowed = this.#flowing;
        this.#flowing = true;
        if (!flowed) this.emit("resume");
        this.#plan();
        return this;
    }

    pause() {
        const flowed = this.#flowing;
        this.#flowing = false;
        if (flowed !== false) this.emit("pause");
        return this;
    }

    isPaused() {
        return this.#flowing === false;
    }

    #plan() {
        this.#wake?.();
        if (this.#planned) return;
        this.#planned = true;
        nextTick(() => {
            this.#planned = false;
            this.#go();
        });
    }

    #go() {
        while (this.#flowing && this.#pieces.length > 0 && !this.destroyed) this.emit("data", this.#pieces.shift());
        if (this.destroyed) return;
        if (this.#pieces.length > 0 || this.#ended) this.#announce();
        if (!this.#ended && !this.#asked && (this.#pieces.length < this.readableHighWaterMark || this.#length() < this.#wanted)) {
            this.#asked = true;
            this._read(this.readableHighWaterMark);
        }
    }

    #announce() {
        if (this.#told) return;
        if (this.#pieces.length > 0 || this.listenerCount("readable") > 0 && !this.#flowing) this.emit("readable");
        if (this.#ended && this.#pieces.length === 0 && !this.#told) {
            this.#told = true;
            this.emit("end");
            this.destroyIfDone();
        }
    }

    destroyIfDone() {
        this.destroy();
    }

    async *[Symbol.asyncIterator]() {
        // Who iterates is told of errors.
        const told = () => undefined;
        this.on("error", told);
        try {
            for (;;) {
                if (this.errored) throw this.errored;
                const piece = this.read();
                if (piece !== null) yield piece;
                else if (this.#ended || this.destroyed) return;
                else await new Promise((wake) => (this.#wake = wake));
            }
        } finally {
            this.#wake = undefined;
            this.destroy();
        }
    }

    destroy(error) {
        super.destroy(error);
        this.#wake?.();
        return this;
    }
}
Readable.prototype.addListener = Readable.prototype.on;

/** What is written and not yet taken. */
class Sink {
    queue = [];
    busy = false;
    running = false;
    full = false;
    ending = false;
    finished = false;
    corked = 0;

    constructor(stream, { write, writev, final, objectMode, writableObjectMode, decodeStrings = true, highWaterMark = HIGH }) {
        if (write) stream._write = write;
        else if (writev) stream._write = (piece, encoding, done) => writev.call(stream, [{ chunk: piece, encoding }], done);
        if (final) stream._final = final;
        this.stream = stream;
        this.high = highWaterMark;
        this.raw = Boolean(objectMode ?? writableObjectMode) || !decodeStrings;
    }

    write(piece, encoding, done) {
        if (typeof encoding === "function") [encoding, done] = [undefined, encoding];
        if (piece === null) throw Object.assign(new TypeError("May not write null values to stream"), { code: "ERR_STREAM_NULL_VALUES" });
        if (this.ending) {
            const error = failure("write after end", "ERR_STREAM_WRITE_AFTER_END");
            nextTick(() => done?.(error));
            this.stream.destroy(error);
            return false;
        }
        const text = typeof piece === "string" && !this.raw;
        this.queue.push({ piece: text ? Buffer.from(piece, encoding) : piece, encoding: text ? "buffer" : (encoding ?? "utf8"), done });
        this.run();
        this.full ||= this.queue.length >= this.high;
        return !this.full;
    }

    end(piece, encoding, done) {
        if (typeof piece === "function") [piece, done] = [undefined, piece];
        if (typeof encoding === "function") [encoding, done] = [undefined, encoding];
        if (piece !== undefined && piece !== null) this.write(piece, encoding);
        if (done) this.finished ? nextTick(done) : this.stream.once("finish", done);
        this.ending = true;
        this.corked = 0;
        this.run();
    }

    run() {
        if (this.running || this.stream.destroyed) return;
        this.running = true;
        while (!this.busy && this.corked === 0 && this.queue.length > 0) this.next();
        this.running = false;
        if (this.busy || this.queue.length > 0) return;
        if (this.full && !this.ending) {
            this.full = false;
            nextTick(() => this.stream.emit("drain"));
        }
        if (this.ending && !this.finished) this.finish();
    }

    next() {
        const { piece, encoding, done } = this.queue.shift();
        this.busy = true;
        this.stream._write(piece, encoding, (error) => {
            this.busy = false;
            if (error) this.stream.destroy(error);
            if (done) nextTick(() => done(error ?? null));
            if (!error) this.run();
        });
    }

    finish() {
        this.finished = true;
        this.stream._final((error) => {
            if (error) return this.stream.destroy(error);
            nextTick(() => {
                this.stream.emit("finish");
                this.stream.destroyIfDone();
            });
        });
    }
}

/** Gives a class of streams what can be written to. */
function writable(constructor) {
    const members = {
        write(piece, encoding, done) { return this._sink.write(piece, encoding, done); },
        end(piece, encoding, done) { this._sink.end(piece, encoding, done); return this; },
        cork() { this._sink.corked++; },
        uncork() { this._sink.corked = Math.max(0, this._sink.corked - 1); this._sink.run(); },
        setDefaultEncoding() { return this; },
        _write(piece, encoding, done) { done(); },
        _final(done) { done(); },
    };
    for (const [name, value] of Object.entries(members)) Object.defineProperty(constructor.prototype, name, { value, writable: true, configurable: true });
    for (const [name, get] of Object.entries({
        writable() { return !this._sink.ending && !this.destroyed; },
        writableEnded() { return this._sink.ending; },
        writableFinished() { return this._sink.finished; },
        writableLength() { return this._sink.queue.length; },
        writableNeedDrain() { return this._sink.full; },
    })) Object.defineProperty(constructor.prototype, name, { get, configurable: true });
}

function hidden(stream, options) {
    Object.defineProperty(stream, "_sink", { value: new Sink(stream, options) });
}

export class Writable extends Stream {
    constructor(options = {}) {
        super();
        if (options.destroy) this._destroy = options.destroy;
        hidden(this, options);
    }

    destroyIfDone() {
        this.destroy();
    }
}
writable(Writable);

export class Duplex extends Readable {
    constructor(options = {}) {
        super(options);
        hidden(this, options);
    }

    destroyIfDone() {
        if (this.readableEnded && this._sink.finished) this.destroy();
    }
}
writable(Duplex);

export class Transform extends Duplex {
    constructor(options = {}) {
        super(options);
        if (options.transform) this._transform = options.transform;
        if (options.flush) this._flush = options.flush;
    }

    _write(piece, encoding, done) {
        this._transform(piece, encoding, (error, made) => {
            if (made !== undefined && made !== null) this.push(made);
            done(error);
        });
    }

    _final(done) {
        this._flush((error, made) => {
            if (made !== undefined && made !== null) this.push(made);
            if (!error) this.push(null);
            done(error);
        });
    }

    _flush(done) {
        done();
    }
}

export class PassThrough extends Transform {
    _transform(piece, encoding, done) {
        done(null, piece);
    }
}

/** Calls back once a stream is done, or has failed. */
export function finished(stream, options, done = options) {
    let told = false;
    const tell = (error) => {
        if (!told) done(error);
        told = true;
    };
    stream.on("error", tell);
    stream.on("close", () => tell(stream.errored ?? undefined));
    stream.on(typeof stream.write === "function" ? "finish" : "end", () => {
        if (!(stream instanceof Duplex) || stream.readableEnded) tell();
    });
    return () => (told = true);
}

/** Each stream into the next. Functions take what came before them, and give what comes after. */
function join(steps, done) {
    const streams = [];
    let told = false;
    const tell = (error, value) => {
        if (told) return;
        told = true;
        if (error) for (const stream of streams) stream.destroy?.();
        done(error, value);
    };
    let last;
    for (const step of steps) {
        const made = typeof step === "function" ? step(last) : step;
        if (typeof made?.then === "function") {
            made.then((value) => tell(undefined, value), tell);
            return last;
        }
        const stream = made instanceof EventEmitter ? made : Readable.from(made);
        if (last !== undefined && typeof step !== "function") last.pipe(stream);
        stream.on("error", tell);
        streams.push(stream);
        last = stream;
    }
    finished(last, tell);
    return last;
}

export function pipeline(...steps) {
    const done = steps.pop();
    if (typeof done !== "function") throw Object.assign(new TypeError('The "callback" argument must be of type function.'), { code: "ERR_INVALID_ARG_TYPE" });
    return join(steps.flat(), done);
}

export const promises = {
    pipeline: (...steps) => new Promise((resolve, reject) => void join(steps.flat(), (error, value) => (error ? reject(error) : resolve(value)))),
    finished: (stream) => new Promise((resolve, reject) => void finished(stream, (error) => (error ? reject(error) : resolve()))),
};

Object.assign(Stream, { Stream, Readable, Writable, Duplex, Transform, PassThrough, finished, pipeline, promises });
export default Stream;
