#include <assert.h>
#include <stdio.h>

#include "words.h"

int main(void) {
    assert(words("trust nobody") == 2);
    assert(words(" \n") == 0);
    puts("ok");
    return 0;
}
