// Files as streams.
import { Readable, Writable } from "node:stream";
import { bytesOf } from "internal:encoding";

const PIECE = 64 << 10;

/** What a file holds, in pieces. */
export function createReadStream(path, options, readFileSync) {
    const { encoding, start = 0, end = Infinity, highWaterMark = PIECE } = typeof options === "string" ? { encoding: options } : (options ?? {});
    let bytes;
    let at = start;
    const stream = new Readable({
        encoding,
        read() {
            try {
                bytes ??= readFileSync(path);
            } catch (error) {
                this.destroy(error);
                return;
            }
            const piece = bytes.subarray(at, Math.min(at + highWaterMark, end + 1));
            at += piece.length;
            stream.bytesRead += piece.length;
            this.push(piece.length === 0 ? null : piece);
        },
    });
    return Object.assign(stream, { path, bytesRead: 0 });
}

/** Writes to a file what is written to the stream. */
export function createWriteStream(path, options, writeFileSync) {
    const { encoding, flags = "w" } = typeof options === "string" ? { encoding: options } : (options ?? {});
    let flag = flags;
    const append = (piece) => {
        writeFileSync(path, piece, { encoding, flag });
        flag = "a";
    };
    const attempt = (act, done) => {
        try {
            act();
        } catch (error) {
            return done(error);
        }
        done();
    };
    const stream = new Writable({
        write: (piece, _, done) => attempt(() => {
            append(piece);
            stream.bytesWritten += bytesOf(piece).length;
        }, done),
        // A file that nothing was written to is made all the same.
        final: (done) => attempt(() => flag === flags && append(""), done),
    });
    return Object.assign(stream, { path, bytesWritten: 0, close: (done) => stream.end(done) });
}
