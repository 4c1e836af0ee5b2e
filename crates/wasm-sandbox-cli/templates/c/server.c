/* An MCP server: reads messages from standard input, a line each, and writes what it replies to standard output. */
#include "mcp.h"

int main(void) {
    char *line = NULL;
    size_t room = 0;
    for (ssize_t len; (len = getline(&line, &room, stdin)) >= 0;) {
        wasm_sandbox_text reply = {0};
        if (strspn(line, " \t\r\n") < (size_t)len)
            answer(line, (size_t)len, &reply);
        if (reply.len && (puts(reply.text) < 0 || fflush(stdout)))
            return 1;
        free(reply.text);
    }
    return ferror(stdin) ? 1 : 0;
}
