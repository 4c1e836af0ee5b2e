const { Transform, Readable } = require("stream");
class Lines extends Transform {
  constructor() { super({ readableObjectMode: true }); this.rest = ""; }
  _transform(chunk, encoding, done) { const lines = (this.rest + chunk).split("\n"); this.rest = lines.pop(); lines.forEach((line) => this.push(line)); done(); }
  _flush(done) { if (this.rest) this.push(this.rest); done(); }
}
const source = Readable.from([Buffer.from("one\ntw"), Buffer.from("o\nthree")]);
const seen = [];
source.pipe(new Lines()).on("data", (line) => seen.push(line)).on("end", () => console.log(seen)).on("close", () => console.log("closed"));
