import assert from "node:assert";

import { answer, type Reply } from "./mcp.ts";

function ask(method: string, params?: object): Promise<Reply | undefined> {
    return answer(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }));
}

async function called(name: string, args: object): Promise<[boolean, string]> {
    const { result } = (await ask("tools/call", { name, arguments: args }))!;
    return [result.isError, result.content[0].text];
}

// It speaks the version of its client if it can.
for (const [asked, spoken] of [["2024-11-05", "2024-11-05"], ["2999-01-01", "2025-06-18"]]) {
    assert.strictEqual((await ask("initialize", { protocolVersion: asked }))?.result.protocolVersion, spoken);
}

// Tools are listed and called.
assert.deepStrictEqual((await ask("tools/list"))?.result.tools.map(({ name }: { name: string }) => name), ["count_words"]);
assert.deepStrictEqual(await called("count_words", { text: "trust nobody\n" }), [false, "2"]);
assert.deepStrictEqual(await called("count_words", { text: 5 }), [true, "`text` must be a string"]);

// What is unknown is refused.
assert.strictEqual((await ask("tools/call", { name: "other" }))?.error.code, -32602);
assert.strictEqual((await ask("other"))?.error.code, -32601);
assert.strictEqual((await answer("[]"))?.error.code, -32600);
assert.strictEqual((await answer("{"))?.error.code, -32700);

// Notifications are not answered.
assert.strictEqual(await answer('{"jsonrpc":"2.0","method":"notifications/initialized"}'), undefined);
console.log("ok");
