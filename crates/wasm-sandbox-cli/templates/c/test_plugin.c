#include <assert.h>

#include "plugin.c"

/* Whether that is the summary of a text. */
static void expect(const char *text, int words, const char *longest) {
    struct summary found = summary_of(text);
    assert(found.words == words);
    assert(found.longest_len == strlen(longest) && !strncmp(found.longest, longest, found.longest_len));
}

int main(void) {
    expect("trust nobody", 2, "nobody");
    expect(" \n", 0, "");
    puts("ok");
    return 0;
}
