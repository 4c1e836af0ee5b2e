import assert from "node:assert";

import app from "./app.mjs";

/** Status and body of the answer. */
async function ask(query, options) {
    const response = await app.fetch(new Request(`http://words.example/${query}`, options));
    return [response.status, await response.text()];
}

assert.deepStrictEqual(await ask("?trust+nobody"), [200, "2\n"]);
assert.deepStrictEqual(await ask("", { method: "POST", body: "trust nobody at all" }), [200, "4\n"]);
assert.deepStrictEqual(await ask(""), [200, "0\n"]);
console.log("ok");
