// %%
const fs = require("fs");
fs.writeFileSync("data.json", JSON.stringify({ rows: [1, 2] }));
// %%
const { rows } = JSON.parse(fs.readFileSync("data.json", "utf8"));
rows
//> [ 1, 2 ]
// %%
fs.readFileSync("nothing.json")
//! Error
// %%
const { createHash } = await import("crypto");
createHash("md5").update("x").digest("hex")
//> '9dd4e461268c8034f5c8564e155c67a6'
