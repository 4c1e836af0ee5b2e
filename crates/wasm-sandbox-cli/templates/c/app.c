/* Answers requests with how many words a text has: what is posted, or what the query says. */
#include <wasm_sandbox_http.h>

#include "words.h"

void wasm_sandbox_http_handle(wasm_sandbox_http *http) {
    wasm_sandbox_text posted = {0};
    bool came = wasm_sandbox_http_read_all(http, &posted);
    const char *text = posted.len ? posted.text : wasm_sandbox_http_decode(http->query);
    wasm_sandbox_http_add_header(http, "content-type", "text/plain");
    /* A text has no zero in it. */
    if (came && text && strlen(text) >= posted.len) {
        wasm_sandbox_http_print(http, "%d\n", words(text));
    } else {
        http->status = 400;
        wasm_sandbox_http_print(http, "this is no text\n");
    }
}
