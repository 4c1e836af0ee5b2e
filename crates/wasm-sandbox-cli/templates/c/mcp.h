/* The Model Context Protocol, as far as a server with tools speaks it. */
#include <wasm_sandbox_json.h>

#include "words.h"

/* The newest first. */
static const char *const versions[] = {"2025-06-18", "2024-11-05"};

/* What a model may call: what it is told of it, and the function, which says something, or why it failed. */
struct tool {
    const char *name, *description, *input_schema;
    bool (*run)(wasm_sandbox_json given, wasm_sandbox_text *said);
};

static bool count_words(wasm_sandbox_json given, wasm_sandbox_text *said) {
    char *text = wasm_sandbox_json_string(wasm_sandbox_json_member(given, "text"), NULL);
    if (!text) {
        wasm_sandbox_text_print(said, "`text` must be a string");
        return false;
    }
    wasm_sandbox_text_print(said, "%d", words(text));
    free(text);
    return true;
}

static const struct tool tools[] = {
    {"count_words", "Counts the words of a text.",
     "{\"properties\":{\"text\":{\"type\":\"string\"}},\"required\":[\"text\"],\"type\":\"object\"}", count_words},
};

#define LEN(array) (sizeof(array) / sizeof *(array))

static void initialize(wasm_sandbox_json params, wasm_sandbox_text *result) {
    wasm_sandbox_json asked = wasm_sandbox_json_member(params, "protocolVersion");
    const char *version = versions[0];
    for (size_t index = 0; index < LEN(versions); index++)
        if (wasm_sandbox_json_is(asked, versions[index]))
            version = versions[index];
    wasm_sandbox_text_print(result,
                            "{\"capabilities\":{\"tools\":{}},\"protocolVersion\":\"%s\","
                            "\"serverInfo\":{\"name\":\"{name}\",\"version\":\"0.1.0\"}}",
                            version);
}

static void list(wasm_sandbox_text *result) {
    wasm_sandbox_text_print(result, "{\"tools\":[");
    for (const struct tool *tool = tools; tool < tools + LEN(tools); tool++) {
        wasm_sandbox_text_print(result, "%s{\"name\":", tool > tools ? "," : "");
        wasm_sandbox_text_quote(result, tool->name, strlen(tool->name));
        wasm_sandbox_text_print(result, ",\"description\":");
        wasm_sandbox_text_quote(result, tool->description, strlen(tool->description));
        wasm_sandbox_text_print(result, ",\"inputSchema\":%s}", tool->input_schema);
    }
    wasm_sandbox_text_print(result, "]}");
}

/* What a tool says, or why it failed: the model reads both. */
static bool call(wasm_sandbox_json params, wasm_sandbox_text *result) {
    wasm_sandbox_json wanted = wasm_sandbox_json_member(params, "name");
    const struct tool *tool = tools;
    while (tool < tools + LEN(tools) && !wasm_sandbox_json_is(wanted, tool->name))
        tool++;
    if (tool == tools + LEN(tools))
        return false;
    wasm_sandbox_text said = {0};
    bool failed = !tool->run(wasm_sandbox_json_member(params, "arguments"), &said);
    wasm_sandbox_text_print(result, "{\"content\":[{\"text\":");
    wasm_sandbox_text_quote(result, said.text, said.len);
    wasm_sandbox_text_print(result, ",\"type\":\"text\"}],\"isError\":%s}", failed ? "true" : "false");
    free(said.text);
    return true;
}

static void fail(const char *id, size_t id_len, int code, const char *message, wasm_sandbox_text *reply) {
    wasm_sandbox_text_print(reply, "{\"error\":{\"code\":%d,\"message\":\"%s\"},\"id\":%.*s,\"jsonrpc\":\"2.0\"}", code, message,
                            (int)id_len, id);
}

static bool is_request(wasm_sandbox_json message) {
    wasm_sandbox_json_kind id = wasm_sandbox_json_kind_of(wasm_sandbox_json_member(message, "id"));
    wasm_sandbox_json_kind method = wasm_sandbox_json_kind_of(wasm_sandbox_json_member(message, "method"));
    bool is_known = id == WASM_SANDBOX_JSON_NOTHING || id == WASM_SANDBOX_JSON_NUMBER || id == WASM_SANDBOX_JSON_STRING;
    return is_known && method == WASM_SANDBOX_JSON_STRING &&
           wasm_sandbox_json_is(wasm_sandbox_json_member(message, "jsonrpc"), "2.0");
}

/* Writes the reply to a message; nothing to a notification. */
static void answer(const char *line, size_t len, wasm_sandbox_text *reply) {
    wasm_sandbox_json message = wasm_sandbox_json_read(line, len);
    if (!message.text)
        return fail("null", 4, -32700, "this is no JSON", reply);
    if (!is_request(message))
        return fail("null", 4, -32600, "this is no request", reply);
    wasm_sandbox_json id = wasm_sandbox_json_member(message, "id"), params = wasm_sandbox_json_member(message, "params");
    wasm_sandbox_json method = wasm_sandbox_json_member(message, "method");
    if (!id.text)
        return;
    if (params.text && wasm_sandbox_json_kind_of(params) != WASM_SANDBOX_JSON_OBJECT)
        return fail(id.text, id.len, -32602, "the parameters are no object", reply);
    wasm_sandbox_text result = {0};
    if (wasm_sandbox_json_is(method, "initialize"))
        initialize(params, &result);
    else if (wasm_sandbox_json_is(method, "ping"))
        wasm_sandbox_text_print(&result, "{}");
    else if (wasm_sandbox_json_is(method, "tools/list"))
        list(&result);
    else if (!wasm_sandbox_json_is(method, "tools/call"))
        return fail(id.text, id.len, -32601, "there is no such method", reply);
    else if (!call(params, &result))
        return fail(id.text, id.len, -32602, "there is no such tool", reply);
    wasm_sandbox_text_print(reply, "{\"id\":%.*s,\"jsonrpc\":\"2.0\",\"result\":%s}", (int)id.len, id.text, result.text);
    free(result.text);
}
