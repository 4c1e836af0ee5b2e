/* Prints how many words its arguments have, or its input. */
#include <stdio.h>

#include "words.h"

int main(int argc, char **argv) {
    int count = 0;
    for (int i = 1; i < argc; i++)
        count += words(argv[i]);
    char word[4096];
    while (argc < 2 && scanf("%4095s", word) == 1)
        count += words(word);
    printf("%d\n", count);
    return 0;
}
