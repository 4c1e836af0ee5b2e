console.log(typeof module, typeof exports, typeof require, __filename.endsWith("common_globals.js") || __filename.length > 0, typeof __dirname, require.main === module, module.exports === exports, this === exports);
if (require.main === module) main();
function main() { console.log("main ran"); }
