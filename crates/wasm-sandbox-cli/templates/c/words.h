#include <ctype.h>

/* How many words a text has. */
static inline int words(const char *text) {
    int count = 0;
    for (int inside = 0; *text; text++) {
        int here = !isspace((unsigned char)*text);
        count += here && !inside;
        inside = here;
    }
    return count;
}
