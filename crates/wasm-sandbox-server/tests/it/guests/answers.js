// Answers requests in the way that their path says; `guests/http` and `answers.py` do the same.
import { readFileSync, writeFileSync } from "node:fs";

let answered = 0;

const nothing = new Uint8Array(4096);

async function sum(request) {
    let [bytes, sum, whole] = [0, 0, true];
    try {
        for await (const piece of request.body ?? []) {
            bytes += piece.length;
            sum += piece.reduce((sum, byte) => sum + byte, 0);
        }
    } catch (error) {
        whole = error.code !== "ECONNRESET";
    }
    return new Response(`${bytes} ${sum} ${whole}\n`);
}

async function* slow(millis) {
    for (let piece = 0; ; piece++) {
        yield `${piece}\n`;
        await new Promise((wake) => setTimeout(wake, millis));
    }
}

function files(path) {
    try {
        return `Ok(${JSON.stringify(readFileSync(path, "utf8"))})\n`;
    } catch (error) {
        return `Err(${error.code})\n`;
    }
}

export default {
    async fetch(request) {
        const url = new URL(request.url);
        const query = url.search.slice(1);
        switch (url.pathname) {
            case "/hello": return new Response("hello\n", { headers: { "content-type": "text/plain" } });
            case "/count": return new Response(`${++answered}\n`);
            case "/echo": return new Response(request.body);
            case "/sum": return sum(request);
            case "/status": return new Response(null, { status: Number(query) });
            case "/said": {
                const [said, written] = query.split(",");
                return new Response("x".repeat(Number(written)), { headers: { "content-length": said } });
            }
            case "/says": return new Response(null, { headers: { "content-length": query } });
            case "/flood": return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(nothing) }));
            case "/slow": return new Response(slow(Number(query)));
            case "/files": return new Response(files(query));
            case "/print":
                console.log(`printed ${query}`);
                console.error(`complained ${query}`);
                return new Response("printed\n");
            case "/outgoing": return fetch(`http://${query}/`).catch((error) => new Response(`Err(${error.code})\n`));
            case "/part": {
                const { value } = await request.body.getReader().read();
                return new Response(`${value.length > 0}\n`);
            }
            case "/trap": throw new Error("no answer");
            case "/nothing": return undefined;
            case "/loop":
                if (query !== "") writeFileSync(query, "begun");
                for (;;);
            case "/memory":
                for (const held = []; ; ) held.push(new Uint8Array(1 << 20).fill(1));
            default: return new Response(null, { status: 404 });
        }
    },
};
