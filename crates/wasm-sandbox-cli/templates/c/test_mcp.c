#include "mcp.h"

/* Whether that is the reply to a message. */
static void expect(const char *line, const char *expected) {
    wasm_sandbox_text reply = {0};
    answer(line, strlen(line), &reply);
    const char *found = reply.len ? reply.text : "";
    if (strcmp(found, expected)) {
        printf("%s\nis not\n%s\n", found, expected);
        exit(1);
    }
    free(reply.text);
}

#define ASKED(method, params) "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":" params "}"
#define REPLY(result) "{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":" result "}"
#define REFUSAL(id, code, message) \
    "{\"error\":{\"code\":" #code ",\"message\":\"" message "\"},\"id\":" #id ",\"jsonrpc\":\"2.0\"}"

static void it_speaks_the_version_of_its_client_if_it_can(void) {
#define SPEAKS(version) \
    REPLY("{\"capabilities\":{\"tools\":{}},\"protocolVersion\":\"" version "\"," \
          "\"serverInfo\":{\"name\":\"{name}\",\"version\":\"0.1.0\"}}")
    expect(ASKED("initialize", "{\"protocolVersion\":\"2024-11-05\"}"), SPEAKS("2024-11-05"));
    expect(ASKED("initialize", "{\"protocolVersion\":\"2999-01-01\"}"), SPEAKS("2025-06-18"));
}

static void tools_are_called(void) {
#define CALLED(text) ASKED("tools/call", "{\"name\":\"count_words\",\"arguments\":{\"text\":" text "}}")
    expect(CALLED("\"trust nobody\""), REPLY("{\"content\":[{\"text\":\"2\",\"type\":\"text\"}],\"isError\":false}"));
    expect(CALLED("5"), REPLY("{\"content\":[{\"text\":\"`text` must be a string\",\"type\":\"text\"}],\"isError\":true}"));
}

static void what_is_unknown_is_refused(void) {
    expect(ASKED("tools/call", "{\"name\":\"other\"}"), REFUSAL(1, -32602, "there is no such tool"));
    expect(ASKED("other", "{}"), REFUSAL(1, -32601, "there is no such method"));
    expect("[]", REFUSAL(null, -32600, "this is no request"));
    expect("{", REFUSAL(null, -32700, "this is no JSON"));
}

static void notifications_are_not_answered(void) {
    expect("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", "");
}

int main(void) {
    it_speaks_the_version_of_its_client_if_it_can();
    tools_are_called();
    what_is_unknown_is_refused();
    notifications_are_not_answered();
    puts("ok");
    return 0;
}
