const fs = require("fs");
const os = require("os");
const path = require("path");
const root = fs.mkdtempSync(path.join(os.tmpdir(), "work-"));
fs.mkdirSync(path.join(root, "a/b"), { recursive: true });
fs.writeFileSync(path.join(root, "a/b/data.json"), JSON.stringify({ n: 1 }));
fs.appendFileSync(path.join(root, "log.txt"), "one\n");
fs.appendFileSync(path.join(root, "log.txt"), "two\n");
console.log(JSON.parse(fs.readFileSync(path.join(root, "a/b/data.json"), "utf8")), fs.readFileSync(path.join(root, "log.txt")).length);
function walk(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? walk(path.join(folder, e.name)) : [path.relative(root, path.join(folder, e.name))]));
}
console.log(walk(root).sort(), fs.existsSync(root), fs.statSync(path.join(root, "log.txt")).size, fs.statSync(root).isDirectory());
fs.renameSync(path.join(root, "log.txt"), path.join(root, "old.txt"));
fs.copyFileSync(path.join(root, "old.txt"), path.join(root, "copy.txt"));
fs.unlinkSync(path.join(root, "old.txt"));
console.log(fs.readdirSync(root).sort());
try { fs.readFileSync(path.join(root, "missing.txt")); } catch (e) { console.log(e.code, e.syscall); }
fs.rmSync(root, { recursive: true, force: true });
console.log(fs.existsSync(root));
