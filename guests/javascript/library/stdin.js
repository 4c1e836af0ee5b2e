// Standard input as a stream: a piece at a time, as it comes.
import native from "internal:native";
import { Buffer } from "node:buffer";
import { Readable } from "node:stream";

class Input extends Readable {
    fd = 0;
    isTTY = false;
    /** Whether the stream has asked for a piece. */
    #asked = false;
    /** Whether the program waits for it: while it is paused, nobody does. */
    #waits = true;

    constructor() {
        super({ highWaterMark: 1 });
    }

    _read() {
        this.#asked = true;
        if (this.#waits) this.#wait();
    }

    #wait() {
        this.#waits = true;
        if (this.#asked) native.inputStart((answer) => this.#take(answer));
    }

    #take(answer) {
        this.#asked = false;
        if (typeof answer === "string") {
            const code = answer.slice(0, answer.indexOf(":"));
            this.destroy(Object.assign(new Error(`${answer}, read`), { code, syscall: "read" }));
        } else {
            this.push(answer[0].byteLength > 0 ? Buffer.from(answer[0]) : null);
        }
    }

    read(size) {
        this.#wait();
        return super.read(size);
    }

    on(name, listener) {
        if (name === "readable") this.#wait();
        return super.on(name, listener);
    }

    resume() {
        this.#wait();
        return super.resume();
    }

    pause() {
        this.#stop();
        return super.pause();
    }

    _destroy(error, done) {
        this.#stop();
        super._destroy(error, done);
    }

    #stop() {
        this.#waits = false;
        native.inputStop();
    }
}
Input.prototype.addListener = Input.prototype.on;

export const stdin = new Input();
