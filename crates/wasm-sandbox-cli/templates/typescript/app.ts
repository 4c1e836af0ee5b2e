// Answers requests with how many words a text has: what is posted, or what the query says.
import { count } from "./words.ts";

export default {
    async fetch(request: Request): Promise<Response> {
        const { search } = new URL(request.url);
        const asked = decodeURIComponent(search.slice(1).replaceAll("+", " "));
        return new Response(`${count((await request.text()) || asked)}\n`);
    },
};
