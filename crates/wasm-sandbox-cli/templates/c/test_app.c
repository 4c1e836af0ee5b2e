#include <assert.h>

#include "app.c"

/* Whether that is answered. */
static void expect(const char *query, const char *posted, int status, const char *answer) {
    wasm_sandbox_http http = {.query = query, .posted = posted};
    assert(wasm_sandbox_http_try(&http));
    assert(http.status == status);
    assert(!strcmp(http.answer.text, answer));
}

int main(void) {
    expect("trust+no%62ody", "", 200, "2\n");
    expect("trust", "trust nobody at all", 200, "4\n");
    expect("", "", 200, "0\n");
    expect("%zz", "", 400, "this is no text\n");
    puts("ok");
    return 0;
}
