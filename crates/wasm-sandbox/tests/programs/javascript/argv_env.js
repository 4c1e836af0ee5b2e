// args --name=Ada -v file.txt
const args = process.argv.slice(2);
const options = {};
for (const arg of args) {
  const match = /^--(\w+)=(.*)$/.exec(arg);
  if (match) options[match[1]] = match[2];
  else if (arg.startsWith("-")) options[arg.slice(1)] = true;
  else (options._ ??= []).push(arg);
}
console.log(options, args.length, process.env.SURELY_NOT_SET ?? "unset", typeof process.env.PATH === "undefined" || true);
