#include "words.h"

/* How many words a text has. */
int count(const char *text) {
    return words(text);
}
