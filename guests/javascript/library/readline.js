// Lines of a stream, and questions to whoever writes it.
import { EventEmitter } from "node:events";
import { StringDecoder } from "node:string_decoder";

/** Where something is found in a text, or behind all of it. */
function find(text, wanted, from) {
    const at = text.indexOf(wanted, from);
    return at < 0 ? Infinity : at;
}

export class Interface extends EventEmitter {
    #input;
    #output;
    #prompt;
    #decoder = new StringDecoder("utf8");
    /** The beginning of a line that has not ended. */
    #head = [];
    /** What comes after it, from `#at` on. */
    #text = "";
    #at = 0;
    /** Where the next line feed is, and the next carriage return, once that was looked up. */
    #feed = -1;
    #return = -1;
    #questions = [];
    #over = false;
    #failure;
    #paused = false;
    /** Whether the input waits until somebody takes the lines that there are. */
    #held = false;
    #iterates = false;
    #wake;
    #listeners = { data: (piece) => this.#take(this.#decoder.write(piece)), end: () => this.#end(), error: (error) => this.#fail(error) };
    closed = false;
    terminal = false;

    constructor({ input, output, prompt = "> " }) {
        super();
        this.#input = input;
        this.#output = output;
        this.#prompt = prompt;
        for (const [name, listener] of Object.entries(this.#listeners)) input.on(name, listener);
        if (input.readableEnded || input.destroyed) setImmediate(() => this.#end());
        else input.resume?.();
    }

    #take(text) {
        // What ends with a carriage return has ended: a line feed after it is no line.
        const skipped = this.#text.endsWith("\r") && text.startsWith("\n") ? 1 : 0;
        if (this.#whole() === undefined) {
            this.#head.push(this.#text.slice(this.#at));
            this.#text = text.slice(skipped);
        } else {
            this.#text = this.#text.slice(this.#at) + text.slice(skipped);
        }
        this.#at = 0;
        this.#feed = this.#return = -1;
        this.#give();
    }

    #end() {
        if (this.closed) return;
        this.#over = true;
        this.#take(this.#decoder.end());
    }

    #fail(error) {
        this.#failure = error;
        this.#wake?.();
        if (!this.#iterates) this.emit("error", error);
    }

    /** Where the next line ends and the one after it begins, if it has come. */
    #whole() {
        if (this.#feed < this.#at) this.#feed = find(this.#text, "\n", this.#at);
        if (this.#return < this.#at) this.#return = find(this.#text, "\r", this.#at);
        const end = Math.min(this.#feed, this.#return);
        if (end < Infinity) return [end, end + (this.#feed === end + 1 ? 2 : 1)];
        const { length } = this.#text;
        return this.#over && (this.#at < length || this.#head.some((part) => part !== "")) ? [length, length] : undefined;
    }

    /** The next line, which has come. */
    #line() {
        const [end, next] = this.#whole();
        const line = this.#head.join("") + this.#text.slice(this.#at, end);
        this.#head = [];
        this.#at = next;
        return line;
    }

    /** A line goes to the question that waits for one, to the listeners, or to whoever iterates. */
    #give() {
        while (!this.closed && this.#whole() !== undefined) {
            if (this.#questions.length > 0) this.#questions.shift().answer(this.#line());
            else if (this.listenerCount("line") > 0) this.emit("line", this.#line());
            else break;
        }
        this.#wake?.();
        this.#flow();
        if (this.#over && this.#whole() === undefined) this.close();
    }

    /** No more comes than is taken. */
    #flow() {
        const holds = !this.closed && this.#whole() !== undefined;
        if (holds === this.#held) return;
        this.#held = holds;
        if (holds) this.#input.pause?.();
        else if (!this.#paused && !this.closed) this.#input.resume?.();
    }

    on(name, listener) {
        super.on(name, listener);
        if (name === "line") setImmediate(() => this.#give());
        return this;
    }

    once(name, listener) {
        super.once(name, listener);
        if (name === "line") setImmediate(() => this.#give());
        return this;
    }

    question(text, options, answer) {
        if (typeof options === "function") [options, answer] = [undefined, options];
        this._ask(text, options?.signal, { answer, fail: () => undefined });
    }

    _ask(text, signal, question) {
        if (this.closed) throw Object.assign(new Error("readline was closed"), { code: "ERR_USE_AFTER_CLOSE" });
        if (signal?.aborted) return question.fail(signal.reason);
        this.#output?.write(text);
        this.#questions.push(question);
        signal?.addEventListener("abort", () => {
            this.#questions = this.#questions.filter((other) => other !== question);
            question.fail(signal.reason);
        }, { once: true });
        setImmediate(() => this.#give());
    }

    setPrompt(prompt) {
        this.#prompt = prompt;
    }

    getPrompt() {
        return this.#prompt;
    }

    prompt() {
        if (this.#paused) this.resume();
        this.#output?.write(this.#prompt);
    }

    /** As if it had come from the input. */
    write(text) {
        if (!this.closed && text !== undefined && text !== null) this.#take(`${text}`);
    }

    pause() {
        if (this.#paused) return this;
        this.#paused = true;
        this.#input.pause?.();
        this.emit("pause");
        return this;
    }

    resume() {
        if (!this.#paused) return this;
        this.#paused = false;
        if (!this.#held) this.#input.resume?.();
        this.emit("resume");
        return this;
    }

    close() {
        if (this.closed) return;
        this.closed = true;
        for (const [name, listener] of Object.entries(this.#listeners)) this.#input.off?.(name, listener);
        this.#input.pause?.();
        // What nobody has taken is there for whoever reads next.
        const rest = this.#head.join("") + this.#text.slice(this.#at);
        if (rest !== "" && !this.#input.destroyed) this.#input.unshift?.(rest);
        this.#wake?.();
        this.emit("close");
    }

    async *[Symbol.asyncIterator]() {
        this.#iterates = true;
        try {
            for (;;) {
                if (this.#failure) throw this.#failure;
                if (this.closed) return;
                if (this.#whole() !== undefined) {
                    yield this.#line();
                    continue;
                }
                if (this.#over) return;
                this.#flow();
                await new Promise((wake) => (this.#wake = wake));
            }
        } finally {
            this.close();
        }
    }
}
Interface.prototype.addListener = Interface.prototype.on;

export function createInterface(input, output) {
    return new Interface(typeof input?.on === "function" ? { input, output } : input);
}

class Promised extends Interface {
    question(text, options) {
        return new Promise((answer, fail) => this._ask(text, options?.signal, { answer, fail }));
    }
}

export const promises = {
    Interface: Promised,
    createInterface: (input, output) => new Promised(typeof input?.on === "function" ? { input, output } : input),
};

const done = (...values) => {
    const callback = values.findLast((value) => typeof value === "function");
    if (callback) setImmediate(callback);
    return true;
};
export { done as clearLine, done as cursorTo, done as moveCursor, done as clearScreenDown };
export const emitKeypressEvents = () => undefined;
export default { Interface, createInterface, promises, clearLine: done, cursorTo: done, moveCursor: done, clearScreenDown: done, emitKeypressEvents };
