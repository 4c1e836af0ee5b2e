const { Readable, Writable, Transform, pipeline, PassThrough } = require("stream");
const upper = new Transform({ transform(chunk, encoding, done) { done(null, chunk.toString().toUpperCase()); } });
const parts = [];
const sink = new Writable({ write(chunk, encoding, done) { parts.push(chunk.toString()); setTimeout(done, 1); }, final(done) { parts.push("<end>"); done(); } });
pipeline(Readable.from(["a", "b", "c"]), upper, sink, (error) => {
  console.log(error ?? "no error", parts.join(""));
  counting();
});
async function counting() {
  const numbers = new Readable({ objectMode: true, read() { this.push(this.n > 4 ? null : this.n++); } });
  numbers.n = 1;
  const squared = numbers.pipe(new Transform({ objectMode: true, transform(n, _, done) { done(null, n * n); }, flush(done) { this.push("last"); done(); } }));
  const seen = [];
  for await (const value of squared) seen.push(value);
  console.log(seen);
  const through = new PassThrough();
  through.on("data", (d) => console.log("data", d.toString())).on("end", () => console.log("ended"));
  through.write("one"); through.end("two");
  await new Promise((done) => through.on("close", done));
  const broken = new Readable({ read() { this.destroy(new Error("broken")); } });
  broken.on("error", (e) => console.log(e.message)).resume();
  await new Promise((done) => broken.on("close", done));
  const { pipeline: run } = require("stream/promises");
  await run(Readable.from(["x\n", "y\n"]), async function* (source) { for await (const chunk of source) yield `<${String(chunk).trim()}>`; }, async (source) => { for await (const chunk of source) console.log(String(chunk)); });
}
