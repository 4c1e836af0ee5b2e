// `ReadableStream`: pieces in their order, for one reader at a time, made as they are asked for.

const nothing = () => {};

export class ReadableStream {
    #source;
    #high;
    #pieces = [];
    /** Who waits for a piece. */
    #wanted = [];
    #state = "readable";
    #error;
    #closing = false;
    #pulling = true;
    #again = false;
    #disturbed = false;
    #reader = null;
    #controller;

    constructor(source = {}, { highWaterMark = 1 } = {}) {
        this.#source = source;
        this.#high = Number(highWaterMark);
        this.#controller = {
            enqueue: (piece) => this.#enqueue(piece),
            close: () => this.#close(),
            error: (reason) => this.#fail(reason),
        };
        Object.defineProperty(this.#controller, "desiredSize", { get: () => (this.#state === "readable" ? this.#high - this.#pieces.length : 0) });
        const begun = source.start?.(this.#controller);
        Promise.resolve(begun).then(() => this.#pulled(), (reason) => this.#fail(reason));
    }

    static from(pieces) {
        const iterator = (pieces[Symbol.asyncIterator] ?? pieces[Symbol.iterator]).call(pieces);
        return new ReadableStream({
            async pull(controller) {
                const { value, done } = await iterator.next();
                if (done) controller.close();
                else controller.enqueue(await value);
            },
            cancel: async (reason) => void (await iterator.return?.(reason)),
        }, { highWaterMark: 0 });
    }

    get locked() {
        return this.#reader !== null;
    }

    getReader() {
        return new ReadableStreamDefaultReader(this);
    }

    async cancel(reason) {
        if (this.locked) throw new TypeError("Invalid state: ReadableStream is locked");
        return this.#cancel(reason);
    }

    /** The pieces twice, each for a reader of its own. */
    tee() {
        const reader = this.getReader();
        const branches = [];
        const left = new Set([0, 1]);
        const pull = async () => {
            const { value, done } = await reader.read();
            for (const index of left) done ? branches[index].close() : branches[index].enqueue(value);
        };
        const branch = (index) => new ReadableStream({
            start: (controller) => void (branches[index] = controller),
            pull: () => pull().catch((reason) => branches.forEach((one) => one.error(reason))),
            cancel: async (reason) => {
                left.delete(index);
                if (left.size === 0) await reader.cancel(reason);
            },
        }, { highWaterMark: 0 });
        return [branch(0), branch(1)];
    }

    async *values({ preventCancel = false } = {}) {
        const reader = this.getReader();
        let ended = false;
        try {
            for (;;) {
                const { value, done } = await reader.read().catch((error) => {
                    ended = true;
                    throw error;
                });
                ended = done;
                if (done) return;
                yield value;
            }
        } finally {
            if (!ended && !preventCancel) await reader.cancel();
            reader.releaseLock();
        }
    }

    [Symbol.asyncIterator](options) {
        return this.values(options);
    }

    #enqueue(piece) {
        if (this.#state !== "readable" || this.#closing) throw new TypeError("Invalid state: Controller is already closed");
        if (this.#wanted.length > 0) this.#wanted.shift().resolve({ value: piece, done: false });
        else this.#pieces.push(piece);
        this.#pull();
    }

    #close() {
        if (this.#state !== "readable" || this.#closing) throw new TypeError("Invalid state: Controller is already closed");
        this.#closing = true;
        if (this.#pieces.length === 0) this.#end();
    }

    #end() {
        this.#state = "closed";
        for (const { resolve } of this.#wanted.splice(0)) resolve({ value: undefined, done: true });
        this.#reader?.ended.resolve();
    }

    #fail(reason) {
        if (this.#state !== "readable") return;
        [this.#state, this.#error, this.#pieces] = ["errored", reason, []];
        for (const { reject } of this.#wanted.splice(0)) reject(reason);
        this.#reader?.ended.reject(reason);
    }

    #pull() {
        if (this.#state !== "readable" || this.#closing || !this.#source.pull) return;
        if (this.#wanted.length === 0 && this.#pieces.length >= this.#high) return;
        if (this.#pulling) {
            this.#again = true;
            return;
        }
        this.#pulling = true;
        new Promise((resolve) => resolve(this.#source.pull(this.#controller))).then(() => this.#pulled(this.#again), (reason) => this.#fail(reason));
    }

    #pulled(again = true) {
        [this.#pulling, this.#again] = [false, false];
        if (again) this.#pull();
    }

    async #cancel(reason) {
        this.#disturbed = true;
        if (this.#state === "errored") throw this.#error;
        if (this.#state === "closed") return;
        this.#pieces = [];
        this.#end();
        await this.#source.cancel?.(reason);
    }

    async #read() {
        this.#disturbed = true;
        if (this.#pieces.length > 0) {
            const value = this.#pieces.shift();
            if (this.#closing && this.#pieces.length === 0) this.#end();
            else this.#pull();
            return { value, done: false };
        }
        if (this.#state === "errored") throw this.#error;
        if (this.#state === "closed") return { value: undefined, done: true };
        const wanted = Promise.withResolvers();
        this.#wanted.push(wanted);
        this.#pull();
        return wanted.promise;
    }

    static lock(stream, reader) {
        if (stream.locked) throw new TypeError("Invalid state: ReadableStream is locked");
        stream.#reader = reader;
        if (stream.#state === "closed") reader.ended.resolve();
        if (stream.#state === "errored") reader.ended.reject(stream.#error);
    }

    static unlock(stream) {
        const released = new TypeError("Releasing reader");
        for (const { reject } of stream.#wanted.splice(0)) reject(released);
        stream.#reader = null;
    }

    static take = (stream) => stream.#read();
    static give = (stream, reason) => stream.#cancel(reason);
    static disturbed = (stream) => stream.#disturbed;

    get [Symbol.toStringTag]() {
        return "ReadableStream";
    }
}
const { lock, unlock, take, give, disturbed } = ReadableStream;
for (const name of ["lock", "unlock", "take", "give", "disturbed"]) delete ReadableStream[name];

/** Whether something was read from a stream, or it was cancelled. */
export const isDisturbed = disturbed;

class ReadableStreamDefaultReader {
    #stream;
    #ended = Promise.withResolvers();

    constructor(stream) {
        this.#ended.promise.catch(nothing);
        lock(stream, { ended: this.#ended });
        this.#stream = stream;
    }

    get closed() {
        return this.#ended.promise;
    }

    async read() {
        if (this.#stream === undefined) throw new TypeError("Invalid state: The reader is not attached to a stream");
        return take(this.#stream);
    }

    async cancel(reason) {
        if (this.#stream === undefined) throw new TypeError("Invalid state: The reader is not attached to a stream");
        return give(this.#stream, reason);
    }

    releaseLock() {
        if (this.#stream !== undefined) unlock(this.#stream);
        this.#stream = undefined;
    }
}
