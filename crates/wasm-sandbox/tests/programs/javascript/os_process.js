const os = require("os");
console.log(typeof os.cpus().length, os.EOL === "\n", typeof os.hostname(), os.tmpdir(), typeof os.platform(), typeof os.totalmem());
console.log(typeof process.pid, typeof process.version, process.version.startsWith("v"), typeof process.uptime(), typeof process.memoryUsage().heapUsed, process.hrtime().length, typeof process.hrtime.bigint(), process.cwd().startsWith("/"), process.exitCode);
process.env.MODE = "test";
process.stdout.write("no newline");
process.stdout.write("\n");
console.log(process.env.MODE, "MODE" in process.env, delete process.env.MODE, process.env.MODE, typeof performance.now(), process.argv0 !== "");
process.on("exit", (code) => console.log("exit", code));
process.exitCode = 0;
