/* Handlers of HTTP requests in C or C++, for `wasm-sandbox serve`. A guest that includes this header defines one function:
 *
 *     void wasm_sandbox_http_handle(wasm_sandbox_http *http) {
 *         wasm_sandbox_http_add_header(http, "content-type", "text/plain");
 *         wasm_sandbox_http_print(http, "hello, %s\n", *http->query ? http->query : "world");
 *     }
 *
 * Each request has an instance of its own, which ends with its answer: nothing need be freed. The answer is 500, or breaks off where
 * it has begun, if the handler has answered nothing as it returns, calls `abort`, or says what cannot be said. What is behind this
 * is in docs/abi.md, version 1.
 */
#ifndef WASM_SANDBOX_HTTP_H
#define WASM_SANDBOX_HTTP_H

#include <strings.h>

#include "wasm_sandbox.h"
#include "wasm_sandbox_json.h"

/* Bytes of an answer that are kept back: one that has no more says its length. */
#define WASM_SANDBOX_HTTP_KEPT 4096

/* Bytes of a body that travel at once, and of what the host says went wrong. */
#define WASM_SANDBOX_HTTP_PIECE ((size_t)64 << 10)
#define WASM_SANDBOX_HTTP_WHY 1024

#ifdef __cplusplus
extern "C" {
#endif

/* A field of a request. Its name is in small letters. */
typedef struct {
    const char *name, *value;
} wasm_sandbox_http_field;

/* A request that is answered. */
typedef struct {
    /* What is asked, as the client has written it. Of `/a%20b?c=1`, the path is `/a%20b` and the query `c=1`; what was left out is
     * an empty text. */
    const char *method, *scheme, *authority, *path, *query;
    const wasm_sandbox_http_field *fields;
    size_t fields_len;
    /* What is answered: 0 until something is, and 200 from then on unless the handler says another before. */
    int status;
    /* For tests: the body that is read, and the answer. */
    const char *posted;
    wasm_sandbox_text answer;
    /* Nobody's but this header's. */
    wasm_sandbox_text said_, kept_;
    bool has_body_, is_tried_, is_sent_, has_length_;
    unsigned long long length_;
    const char *failed_;
} wasm_sandbox_http;

/* The guest's own: answers a request. */
void wasm_sandbox_http_handle(wasm_sandbox_http *http);

/* The value of the request's first field of this name, in whatever letters; NULL where there is none. */
static inline const char *wasm_sandbox_http_header(const wasm_sandbox_http *http, const char *name);

/* Reads some of the request's body, as soon as some has come: how many bytes, 0 at the end, -1 where it broke off. */
static inline long wasm_sandbox_http_read(wasm_sandbox_http *http, void *into, size_t len);

/* Adds what is left of the request's body; false where it broke off. */
static inline bool wasm_sandbox_http_read_all(wasm_sandbox_http *http, wasm_sandbox_text *body);

/* The bytes that a query writes with `+` and `%20`; NULL where it writes none, or a zero. */
static inline char *wasm_sandbox_http_decode(const char *text);

/* What is behind `name=` in the query, decoded, the first of several; NULL where there is none, or what cannot be decoded. */
static inline char *wasm_sandbox_http_parameter(const wasm_sandbox_http *http, const char *name);

/* Adds a field to the answer; false where its head has gone out. */
static inline bool wasm_sandbox_http_add_header(wasm_sandbox_http *http, const char *name, const char *value);

/* Writes some of the answer's body, waiting for whoever reads it. The head goes out before, with the first bytes that are not kept
 * back; `flush` has it go out at once, with what was kept. False where nobody reads the answer any more, it is longer than was said,
 * or its head could not be said. */
static inline bool wasm_sandbox_http_write(wasm_sandbox_http *http, const void *bytes, size_t len);
__attribute__((format(printf, 2, 3))) static inline bool wasm_sandbox_http_print(wasm_sandbox_http *http, const char *format, ...);
static inline bool wasm_sandbox_http_flush(wasm_sandbox_http *http);

/* For tests: has the handler answer what is asked in a `wasm_sandbox_http` that is zeros otherwise, and leaves `status` and `answer` in
 * it. False where the answer would be 500: nothing was answered, or with a status, a field or a length that is none. */
static inline bool wasm_sandbox_http_try(wasm_sandbox_http *http);

/* Hands a frame to the host, which reads and writes it in place: 0, if it is one. */
WASM_SANDBOX_IMPORT(wasm_sandbox, net) int32_t wasm_sandbox_http_hand_(void *frame, uint32_t len);

typedef struct {
    char kind, asks;
    uint16_t port;
    uint32_t number, len;
    int32_t patience;
} wasm_sandbox_http_frame_;

/* Asks something about the request that is answered, and waits for it: how it went. What comes is put where there is room for it. */
static inline int32_t wasm_sandbox_http_ask_(char asks, const void *carried, size_t len, void *into, size_t room) {
    wasm_sandbox_http_frame_ head = {'h', asks, 0, 0, (uint32_t)len, -1};
    size_t whole = sizeof head + (len > room ? len : room);
    char *frame = (char *)malloc(whole);
    if (!frame)
        abort();
    memcpy(frame, &head, sizeof head);
    if (carried)
        memcpy(frame + sizeof head, carried, len);
    if (wasm_sandbox_http_hand_(frame, (uint32_t)whole)) {
        wasm_sandbox_error("the host does not know a frame of this version");
        abort();
    }
    int32_t status;
    uint32_t came;
    memcpy(&status, frame, sizeof status);
    memcpy(&came, frame + sizeof status, sizeof came);
    if (into)
        memcpy(into, frame + sizeof head, came < room ? came : room);
    free(frame);
    return status;
}

static inline const char *wasm_sandbox_http_header(const wasm_sandbox_http *http, const char *name) {
    for (size_t index = 0; index < http->fields_len; index++)
        if (!strcasecmp(http->fields[index].name, name))
            return http->fields[index].value;
    return NULL;
}

static inline long wasm_sandbox_http_read(wasm_sandbox_http *http, void *into, size_t len) {
    if (len > WASM_SANDBOX_HTTP_PIECE)
        len = WASM_SANDBOX_HTTP_PIECE;
    if (http->is_tried_) {
        size_t left = http->posted ? strlen(http->posted) : 0;
        len = left < len ? left : len;
        memcpy(into, http->posted, len);
        http->posted += len;
        return (long)len;
    }
    if (!http->has_body_ || !len)
        return 0;
    return wasm_sandbox_http_ask_('r', NULL, len, into, len);
}

static inline bool wasm_sandbox_http_read_all(wasm_sandbox_http *http, wasm_sandbox_text *body) {
    long came;
    do {
        char *room = wasm_sandbox_text_room_(body, WASM_SANDBOX_HTTP_PIECE);
        came = wasm_sandbox_http_read(http, room, WASM_SANDBOX_HTTP_PIECE);
        if (came < 0)
            return false;
        body->len += (size_t)came;
        body->text[body->len] = 0;
    } while (came);
    return true;
}

static inline char *wasm_sandbox_http_decode_(const char *at, const char *end) {
    wasm_sandbox_text decoded = {NULL, 0, 0};
    wasm_sandbox_text_add(&decoded, "", 0);
    for (; at < end; at++) {
        long code = *at == '+' ? ' ' : (unsigned char)*at;
        if (*at == '%') {
            const char unit[] = {'0', '0', end - at > 2 ? at[1] : '\0', end - at > 2 ? at[2] : '\0'};
            code = wasm_sandbox_json_unit_(unit, unit + sizeof unit);
            if (code <= 0) {
                free(decoded.text);
                return NULL;
            }
            at += 2;
        }
        char byte = (char)code;
        wasm_sandbox_text_add(&decoded, &byte, 1);
    }
    return decoded.text;
}

static inline char *wasm_sandbox_http_decode(const char *text) { return wasm_sandbox_http_decode_(text, text + strlen(text)); }

static inline char *wasm_sandbox_http_parameter(const wasm_sandbox_http *http, const char *name) {
    for (const char *at = http->query; *at; at += *at == '&') {
        const char *named = at + strcspn(at, "=&"), *end = at + strcspn(at, "&");
        char *found = wasm_sandbox_http_decode_(at, named);
        bool is_it = found && !strcmp(found, name);
        free(found);
        if (is_it)
            return wasm_sandbox_http_decode_(named + (*named == '='), end);
        at = end;
    }
    return NULL;
}

/* A value as a string of JSON, whose characters are its bytes. */
static inline void wasm_sandbox_http_quote_(wasm_sandbox_text *to, const char *bytes) {
    wasm_sandbox_text_add(to, "\"", 1);
    for (; *bytes; bytes++) {
        unsigned char byte = (unsigned char)*bytes;
        if (byte < 0x20 || byte > 0x7e || byte == '"' || byte == '\\')
            wasm_sandbox_text_print(to, "\\u%04x", byte);
        else
            wasm_sandbox_text_add(to, bytes, 1);
    }
    wasm_sandbox_text_add(to, "\"", 1);
}

/* Whether the host takes it. */
static inline bool wasm_sandbox_http_is_field_(const char *name, const char *value) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
    for (; *value; value++)
        if (((unsigned char)*value < 0x20 && *value != '\t') || *value == 0x7f)
            return false;
    return *name && !name[strspn(name, letters)];
}

static inline bool wasm_sandbox_http_add_header(wasm_sandbox_http *http, const char *name, const char *value) {
    if (http->is_sent_)
        return false;
    if (!strcasecmp(name, "content-length")) {
        http->has_length_ = true;
        http->length_ = strtoull(value, NULL, 10);
    }
    if (http->is_tried_ && !wasm_sandbox_http_is_field_(name, value))
        http->failed_ = "a field is none";
    wasm_sandbox_text_print(&http->said_, http->said_.len ? ",[" : "[");
    wasm_sandbox_http_quote_(&http->said_, name);
    wasm_sandbox_text_print(&http->said_, ",");
    wasm_sandbox_http_quote_(&http->said_, value);
    wasm_sandbox_text_print(&http->said_, "]");
    return true;
}

/* Sends some of the body. */
static inline bool wasm_sandbox_http_send_(wasm_sandbox_http *http, const char *bytes, size_t len) {
    if (http->is_tried_) {
        wasm_sandbox_text_add(&http->answer, bytes, len);
        return true;
    }
    while (len && !http->failed_) {
        size_t piece = len < WASM_SANDBOX_HTTP_PIECE ? len : WASM_SANDBOX_HTTP_PIECE;
        int32_t sent = wasm_sandbox_http_ask_('w', bytes, piece, NULL, 0);
        if (sent < 0) {
            http->failed_ = "nobody reads the answer any more, or it is longer than was said";
            return false;
        }
        bytes += sent;
        len -= (size_t)sent;
    }
    return !http->failed_;
}

/* Says status and fields. */
static inline bool wasm_sandbox_http_say_(wasm_sandbox_http *http) {
    http->is_sent_ = true;
    if (http->is_tried_) {
        if (http->status < 200 || http->status > 599)
            http->failed_ = "the status is none";
        return !http->failed_;
    }
    wasm_sandbox_text head = {NULL, 0, 0};
    const char *fields = http->said_.text ? http->said_.text : "";
    wasm_sandbox_text_print(&head, "{\"status\":%d,\"headers\":[%s]}", http->status, fields);
    char *why = (char *)calloc(1, WASM_SANDBOX_HTTP_WHY + 1);
    if (!why)
        abort();
    if (wasm_sandbox_http_ask_('s', head.text, head.len, why, WASM_SANDBOX_HTTP_WHY) < 0)
        http->failed_ = why;
    return !http->failed_;
}

static inline bool wasm_sandbox_http_flush(wasm_sandbox_http *http) {
    http->status = http->status ? http->status : 200;
    if (http->is_sent_)
        return !http->failed_;
    return wasm_sandbox_http_say_(http) && wasm_sandbox_http_send_(http, http->kept_.text, http->kept_.len);
}

static inline bool wasm_sandbox_http_write(wasm_sandbox_http *http, const void *bytes, size_t len) {
    http->status = http->status ? http->status : 200;
    if (!http->is_sent_ && len <= WASM_SANDBOX_HTTP_KEPT && http->kept_.len + len <= WASM_SANDBOX_HTTP_KEPT) {
        wasm_sandbox_text_add(&http->kept_, bytes, len);
        return true;
    }
    return wasm_sandbox_http_flush(http) && wasm_sandbox_http_send_(http, (const char *)bytes, len);
}

static inline bool wasm_sandbox_http_print(wasm_sandbox_http *http, const char *format, ...) {
    wasm_sandbox_text text = {NULL, 0, 0};
    va_list values;
    va_start(values, format);
    wasm_sandbox_text_vprint(&text, format, values);
    va_end(values);
    bool is_written = wasm_sandbox_http_write(http, text.text, text.len);
    free(text.text);
    return is_written;
}

/* Ends the answer: why there is none, or NULL. */
static inline const char *wasm_sandbox_http_finish_(wasm_sandbox_http *http) {
    if (!http->status)
        return "the handler has answered nothing";
    bool has_body = http->status != 204 && http->status != 304 && (http->kept_.len || strcmp(http->method, "HEAD"));
    if (!http->is_sent_ && !http->has_length_ && has_body) {
        char length[24];
        snprintf(length, sizeof length, "%zu", http->kept_.len);
        wasm_sandbox_http_add_header(http, "content-length", length);
    }
    if (wasm_sandbox_http_flush(http) && !http->is_tried_ && wasm_sandbox_http_ask_('f', NULL, 0, NULL, 0) < 0)
        http->failed_ = "the body of the answer is not as long as was said";
    if (http->is_tried_ && has_body && http->has_length_ && http->length_ != http->answer.len)
        http->failed_ = "the body of the answer is not as long as was said";
    return http->failed_;
}

static inline bool wasm_sandbox_http_try(wasm_sandbox_http *http) {
    http->is_tried_ = true;
    http->method = http->method ? http->method : "GET";
    http->scheme = http->scheme ? http->scheme : "http";
    http->authority = http->authority ? http->authority : "";
    http->path = http->path ? http->path : "/";
    http->query = http->query ? http->query : "";
    http->posted = http->posted ? http->posted : "";
    wasm_sandbox_http_handle(http);
    return !wasm_sandbox_http_finish_(http);
}

/* The bytes that the characters of a value stand for, in its place; NULL where some stand for none. */
static inline char *wasm_sandbox_http_bytes_(char *value) {
    char *to = value;
    for (const char *at = value; at && *at; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte > 0xc3)
            return NULL;
        *to++ = (char)(byte < 0x80 ? byte : (byte & 3) << 6 | (*++at & 0x3f));
    }
    if (to)
        *to = 0;
    return value;
}

/* Takes what is asked; false where that cannot be read. */
static inline bool wasm_sandbox_http_take_(wasm_sandbox_http *http, wasm_sandbox_json request) {
    wasm_sandbox_json headers = wasm_sandbox_json_member(request, "headers"), header;
    http->method = wasm_sandbox_json_string(wasm_sandbox_json_member(request, "method"), NULL);
    http->scheme = wasm_sandbox_json_string(wasm_sandbox_json_member(request, "scheme"), NULL);
    http->authority = wasm_sandbox_json_string(wasm_sandbox_json_member(request, "authority"), NULL);
    char *path = wasm_sandbox_json_string(wasm_sandbox_json_member(request, "path"), NULL);
    if (!http->method || !http->scheme || !http->authority || !path)
        return false;
    char *query = strchr(path, '?');
    http->path = path;
    http->query = query ? query + 1 : "";
    if (query)
        *query = 0;
    wasm_sandbox_text fields = {NULL, 0, 0};
    for (size_t at = 0; wasm_sandbox_json_next(headers, &at, NULL, &header); http->fields_len++) {
        char *name = wasm_sandbox_json_string(wasm_sandbox_json_element(header, 0), NULL);
        char *value = wasm_sandbox_http_bytes_(wasm_sandbox_json_string(wasm_sandbox_json_element(header, 1), NULL));
        wasm_sandbox_http_field field = {name, value};
        if (!name || !value)
            return false;
        wasm_sandbox_text_add(&fields, &field, sizeof field);
    }
    http->fields = (const wasm_sandbox_http_field *)(void *)fields.text;
    return wasm_sandbox_json_bool(wasm_sandbox_json_member(request, "body"), &http->has_body_);
}

/* What the host calls. */
__attribute__((weak)) WASM_SANDBOX_EXPORT(wasm_sandbox_serve) uint64_t wasm_sandbox_serve(char *arguments, uint32_t len) {
    wasm_sandbox_http http;
    memset(&http, 0, sizeof http);
    if (!wasm_sandbox_http_take_(&http, wasm_sandbox_json_element(wasm_sandbox_json_read(arguments, len), 0)))
        return wasm_sandbox_invalid("\"this is no request\"");
    wasm_sandbox_http_handle(&http);
    const char *failed = wasm_sandbox_http_finish_(&http);
    /* Nothing else will. */
    fflush(stdout);
    if (!failed)
        return wasm_sandbox_ok("null");
    wasm_sandbox_text why = {NULL, 0, 0};
    wasm_sandbox_text_quote(&why, failed, strlen(failed));
    return wasm_sandbox_err(why.text);
}

#ifdef __cplusplus
}
#endif

#endif
