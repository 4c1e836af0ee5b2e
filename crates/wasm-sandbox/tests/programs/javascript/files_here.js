const fs = require("fs");
fs.writeFileSync("output.txt", "line 1\nline 2\n");
console.log(fs.readFileSync("output.txt", "utf8").split("\n").length, fs.existsSync("./output.txt"), fs.readdirSync(".").includes("output.txt"));
try {
  fs.readFileSync("missing.txt");
} catch (error) {
  console.log(error.code, error.message);
}
fs.mkdirSync("reports", { recursive: true });
fs.writeFileSync("reports/a.csv", "x,y\n1,2\n");
console.log(require("path").resolve("reports") === require("path").join(process.cwd(), "reports"), fs.readdirSync("reports"));
fs.rmSync("reports", { recursive: true });
fs.unlinkSync("output.txt");
