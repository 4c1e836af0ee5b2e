// Lines of a stream, and questions to whoever writes it.
import { EventEmitter } from "node:events";

export class Interface extends EventEmitter {
    #input;
    #output;
    #prompt;
    #rest = "";
    #lines = [];
    #questions = [];
    #over = false;
    #wake;
    closed = false;

    constructor({ input, output, prompt = "> " }) {
        super();
        this.#input = input;
        this.#output = output;
        this.#prompt = prompt;
        input.setEncoding?.("utf8");
        input.on("data", (text) => this.#take(`${text}`));
        input.on("end", () => this.#end());
        input.on("error", (error) => this.emit("error", error));
    }

    #take(text) {
        const lines = (this.#rest + text).split(/\r\n|\n|\r/);
        this.#rest = lines.pop();
        this.#lines.push(...lines);
        this.#give();
    }

    #end() {
        this.#over = true;
        if (this.#rest !== "") this.#lines.push(this.#rest);
        this.#rest = "";
        this.#give();
    }

    /** A line goes to the question that waits for one, to whoever iterates, or to the listeners. */
    #give() {
        while (this.#lines.length > 0 && !this.closed) {
            if (this.#questions.length > 0) this.#questions.shift()(this.#lines.shift());
            else if (this.listenerCount("line") > 0) this.emit("line", this.#lines.shift());
            else break;
        }
        this.#wake?.();
        if (this.#over && this.#lines.length === 0) this.close();
    }

    on(name, listener) {
        super.on(name, listener);
        if (name === "line") setImmediate(() => this.#give());
        return this;
    }

    question(text, options, done = options) {
        this.#output?.write(text);
        this.#questions.push(done);
        setImmediate(() => this.#give());
    }

    setPrompt(prompt) {
        this.#prompt = prompt;
    }

    getPrompt() {
        return this.#prompt;
    }

    prompt() {
        this.#output?.write(this.#prompt);
    }

    write() {}

    pause() {
        this.#input.pause?.();
        return this;
    }

    resume() {
        this.#input.resume?.();
        return this;
    }

    close() {
        if (this.closed) return;
        this.closed = true;
        this.#input.pause?.();
        this.#wake?.();
        this.emit("close");
    }

    async *[Symbol.asyncIterator]() {
        try {
            for (;;) {
                if (this.#lines.length > 0) yield this.#lines.shift();
                else if (this.closed || this.#over) return;
                else await new Promise((wake) => (this.#wake = wake));
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
    question(text) {
        return new Promise((resolve) => void super.question(text, resolve));
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
