// What a JavaScript or TypeScript guest of wasm-sandbox finds beside Node's names, for editors and type checkers. In the sandbox
// it is there by itself.

/** A call that came to nothing. Its name is one of these; the message is what the host lets the guest know. */
interface ToolError extends Error {
    name: "ToolError" | "ToolNotFound" | "ToolArguments" | "ToolRefused";
}

/** A function of the host's: its arguments by name, or in the order of its schema. */
type Tool = (...args: any[]) => Promise<any>;

/** The host's tools, each a function: `await tools.search({ query: "x" })`. */
declare const tools: { readonly [name: string]: Tool };
