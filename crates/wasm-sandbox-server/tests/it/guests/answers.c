/* Answers requests in the way that their path says; `guests/http`, `answers.js` and `answers.py` do the same. What only this one has is
 * for `c.rs`. */
#include <wasm_sandbox_http.h>

#include <errno.h>
#include <unistd.h>

static int answered;

static void echo(wasm_sandbox_http *http) {
    static char piece[64 << 10];
    for (long came; (came = wasm_sandbox_http_read(http, piece, sizeof piece)) > 0;)
        if (!wasm_sandbox_http_write(http, piece, (size_t)came) || !wasm_sandbox_http_flush(http))
            return;
    wasm_sandbox_http_flush(http);
}

static void sum(wasm_sandbox_http *http) {
    static unsigned char piece[64 << 10];
    long came, bytes = 0, sum = 0;
    while ((came = wasm_sandbox_http_read(http, piece, sizeof piece)) > 0) {
        bytes += came;
        while (came--)
            sum += piece[came];
    }
    wasm_sandbox_http_print(http, "%ld %ld %s\n", bytes, sum, came ? "false" : "true");
}

static void said(wasm_sandbox_http *http) {
    char *written;
    long len = strtol(http->query, &written, 10);
    char text[24];
    snprintf(text, sizeof text, "%ld", len);
    wasm_sandbox_http_add_header(http, "Content-Length", text);
    wasm_sandbox_http_print(http, "%.*s", (int)strtol(written + 1, NULL, 10), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
}

static void slow(wasm_sandbox_http *http) {
    useconds_t pause = 1000 * (useconds_t)strtol(http->query, NULL, 10);
    for (int piece = 0; wasm_sandbox_http_print(http, "%d\n", piece) && wasm_sandbox_http_flush(http); piece++)
        usleep(pause);
}

static void files(wasm_sandbox_http *http) {
    char text[64] = "";
    FILE *file = fopen(http->query, "r");
    if (file && fread(text, 1, sizeof text - 1, file))
        wasm_sandbox_http_print(http, "Ok(\"%s\")\n", text);
    else
        wasm_sandbox_http_print(http, "Err(%s)\n", strerror(errno));
}

/* What the header has nothing for. */
static void outgoing(wasm_sandbox_http *http) {
    struct {
        wasm_sandbox_http_frame_ head;
        char carried[256];
    } frame = {{'n', 'h', (uint16_t)strtol(strchr(http->query, ':') + 1, NULL, 10), 0, 0, -1}, ""};
    snprintf(frame.carried, sizeof frame.carried, "GET\nhttp\n%.*s\n/\n-", (int)strcspn(http->query, ":"), http->query);
    frame.head.len = (uint32_t)strlen(frame.carried);
    int32_t status = wasm_sandbox_http_hand_(&frame, sizeof frame);
    if (!status)
        memcpy(&status, &frame, sizeof status);
    wasm_sandbox_http_print(http, "Err(%d)\n", (int)status);
}

static void part(wasm_sandbox_http *http) {
    char piece[10];
    size_t read = 0;
    for (long came; read < sizeof piece && (came = wasm_sandbox_http_read(http, piece, sizeof piece - read)) > 0;)
        read += (size_t)came;
    wasm_sandbox_http_print(http, "%s\n", read == sizeof piece ? "true" : "false");
}

static void loop(wasm_sandbox_http *http) {
    FILE *file = *http->query ? fopen(http->query, "w") : NULL;
    if (file) {
        fputs("begun", file);
        fclose(file);
    }
    for (;;)
        ;
}

static void memory(void) {
    for (char *volatile more;;) {
        if (!(more = malloc(1 << 20)))
            abort();
        memset(more, 1, 1 << 20);
    }
}

/* For `c.rs`. */
static void told(wasm_sandbox_http *http) {
    const char *none = wasm_sandbox_http_header(http, "proxy-authorization");
    wasm_sandbox_http_print(http, "%s %s %s %s %s %s\n", http->method, http->scheme, http->authority, http->path, http->query,
                            none ? none : "-");
    for (size_t index = 0; index < http->fields_len; index++)
        wasm_sandbox_http_print(http, "%s: %s\n", http->fields[index].name, http->fields[index].value);
    wasm_sandbox_http_print(http, "%s\n", wasm_sandbox_http_header(http, "X-Latin"));
}

static void late(wasm_sandbox_http *http) {
    wasm_sandbox_http_print(http, "some\n");
    wasm_sandbox_http_flush(http);
    /* What comes too late is not taken. */
    http->status = 404;
    if (wasm_sandbox_http_add_header(http, "x-late", ""))
        exit(1);
    if (strcmp(http->query, "abort"))
        return;
    wasm_sandbox_error("too late");
    abort();
}

static void parts(wasm_sandbox_http *http) {
    for (int part = 0; part < 4000; part++)
        if (!wasm_sandbox_http_print(http, "%d,", part))
            exit(1);
}

void wasm_sandbox_http_handle(wasm_sandbox_http *http) {
    const char *path = http->path, *query = http->query;
    if (!strcmp(path, "/hello")) {
        wasm_sandbox_http_add_header(http, "content-type", "text/plain");
        wasm_sandbox_http_print(http, "hello\n");
    } else if (!strcmp(path, "/count")) {
        wasm_sandbox_http_print(http, "%d\n", ++answered);
    } else if (!strcmp(path, "/echo")) {
        echo(http);
    } else if (!strcmp(path, "/sum")) {
        sum(http);
    } else if (!strcmp(path, "/status")) {
        http->status = atoi(query);
    } else if (!strcmp(path, "/said")) {
        said(http);
    } else if (!strcmp(path, "/says")) {
        wasm_sandbox_http_add_header(http, "content-length", query);
        wasm_sandbox_http_flush(http);
    } else if (!strcmp(path, "/flood")) {
        static const char nothing[4096];
        while (wasm_sandbox_http_write(http, nothing, sizeof nothing))
            ;
    } else if (!strcmp(path, "/slow")) {
        slow(http);
    } else if (!strcmp(path, "/files")) {
        files(http);
    } else if (!strcmp(path, "/print")) {
        printf("printed %s\n", query);
        fprintf(stderr, "complained %s\n", query);
        wasm_sandbox_http_print(http, "printed\n");
    } else if (!strcmp(path, "/outgoing")) {
        outgoing(http);
    } else if (!strcmp(path, "/part")) {
        part(http);
    } else if (!strcmp(path, "/trap")) {
        wasm_sandbox_error("no answer");
        abort();
    } else if (!strcmp(path, "/nothing")) {
        return;
    } else if (!strcmp(path, "/loop")) {
        loop(http);
    } else if (!strcmp(path, "/memory")) {
        memory();
    } else if (!strcmp(path, "/told/a%20b")) {
        told(http);
    } else if (!strcmp(path, "/late")) {
        late(http);
    } else if (!strcmp(path, "/parts")) {
        parts(http);
    } else if (!strcmp(path, "/exit")) {
        exit(3);
    } else if (!strcmp(path, "/field")) {
        wasm_sandbox_http_add_header(http, "X-Latin", "\xe9");
        wasm_sandbox_http_add_header(http, "X-Quoted", "a\"\\b");
        wasm_sandbox_http_add_header(http, "connection", "close");
        wasm_sandbox_http_add_header(http, "x-query", *query ? query : wasm_sandbox_http_decode("a%0d%0ab: c"));
        wasm_sandbox_http_print(http, "<html>");
    } else {
        http->status = 404;
    }
}
