/* JSON for guests of wasm-sandbox in C or C++: values are read where their text lies, and texts are written.
 *
 *     wasm_sandbox_json point = wasm_sandbox_json_read(text, len);
 *     double x;
 *     if (!wasm_sandbox_json_f64(wasm_sandbox_json_member(point, "x"), &x))
 *         ...
 *
 * A source that wasm-sandbox compiles finds this header by `#include <wasm_sandbox_json.h>`. No text of anybody's makes a function
 * in here read beyond it, recurse or fail otherwise than it says.
 */
#ifndef WASM_SANDBOX_JSON_H
#define WASM_SANDBOX_JSON_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How deep lists and objects may lie in each other. */
#define WASM_SANDBOX_JSON_DEPTH 127

#ifdef __cplusplus
extern "C" {
#endif

/* A value: its text, which lies in the text that was read and lives as long as that. Where there is none, `text` is NULL; every
 * function takes such a value, and finds nothing in it. */
typedef struct {
    const char *text;
    size_t len;
} wasm_sandbox_json;

typedef enum {
    WASM_SANDBOX_JSON_NOTHING, /* there is no value */
    WASM_SANDBOX_JSON_NULL,
    WASM_SANDBOX_JSON_BOOL,
    WASM_SANDBOX_JSON_NUMBER,
    WASM_SANDBOX_JSON_STRING,
    WASM_SANDBOX_JSON_LIST,
    WASM_SANDBOX_JSON_OBJECT
} wasm_sandbox_json_kind;

/* The value that a text is, with nothing but blanks around it. There is none in what RFC 8259 does not allow, in what is no UTF-8,
 * in half a surrogate, and in what lies deeper than `WASM_SANDBOX_JSON_DEPTH`. */
static inline wasm_sandbox_json wasm_sandbox_json_read(const char *text, size_t len);

static inline wasm_sandbox_json_kind wasm_sandbox_json_kind_of(wasm_sandbox_json value);

/* The member of an object; of several with one name, the last. */
static inline wasm_sandbox_json wasm_sandbox_json_member(wasm_sandbox_json object, const char *name);

/* The element of a list, from 0 on, such as an argument of a function of the ABI `json`. */
static inline wasm_sandbox_json wasm_sandbox_json_element(wasm_sandbox_json list, size_t index);

/* What comes next in a list or an object, if something does. `at` is where, 0 at first; `name` may be NULL, and is no value in a list:
 *
 *     for (size_t at = 0; wasm_sandbox_json_next(list, &at, NULL, &element);)
 *         ... */
static inline bool wasm_sandbox_json_next(wasm_sandbox_json of, size_t *at, wasm_sandbox_json *name, wasm_sandbox_json *value);

/* Whether it is this string. */
static inline bool wasm_sandbox_json_is(wasm_sandbox_json value, const char *text);

/* A string in UTF-8, which ends with a zero and is the caller's to `free`; NULL for what is no string. Where `len` is NULL, a string
 * with a zero in it is none. */
static inline char *wasm_sandbox_json_string(wasm_sandbox_json value, size_t *len);

/* The value, if it is one of the type. A whole number is exact, however it is written (`5.0`, `50e-1`); a `double` is the nearest. */
static inline bool wasm_sandbox_json_bool(wasm_sandbox_json value, bool *truth);
static inline bool wasm_sandbox_json_s64(wasm_sandbox_json value, int64_t *number);
static inline bool wasm_sandbox_json_u64(wasm_sandbox_json value, uint64_t *number);
static inline bool wasm_sandbox_json_f64(wasm_sandbox_json value, double *number);

/* A text that grows. It begins as zeros, ends with a zero from the first bytes on, and is the caller's to `free`. What is added to it
 * lies elsewhere.
 *
 *     wasm_sandbox_text json = {0};
 *     wasm_sandbox_text_print(&json, "{\"count\":%d,\"word\":", count);
 *     wasm_sandbox_text_quote(&json, word, strlen(word));
 *     wasm_sandbox_text_print(&json, "}"); */
typedef struct {
    char *text;
    size_t len, room;
} wasm_sandbox_text;

static inline void wasm_sandbox_text_add(wasm_sandbox_text *to, const void *bytes, size_t len);

/* As `printf` and `vprintf` do. */
__attribute__((format(printf, 2, 3))) static inline void wasm_sandbox_text_print(wasm_sandbox_text *to, const char *format, ...);
__attribute__((format(printf, 2, 0))) static inline void wasm_sandbox_text_vprint(wasm_sandbox_text *to, const char *format,
                                                                                  va_list values);

/* A string of JSON, quotes included. What is no UTF-8 becomes U+FFFD. */
static inline void wasm_sandbox_text_quote(wasm_sandbox_text *to, const char *text, size_t len);

/* How many bytes the character of UTF-8 at the beginning of a text has; 0 where there is none. */
static inline size_t wasm_sandbox_utf8_(const char *at, const char *end) {
    const unsigned char *bytes = (const unsigned char *)at;
    if (at == end)
        return 0;
    unsigned char first = bytes[0];
    size_t len = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (len > (size_t)(end - at))
        return 0;
    for (size_t index = 1; index < len; index++)
        if ((bytes[index] & 0xc0) != 0x80)
            return 0;
    /* Longer than it need be, half a surrogate, or beyond the last character. */
    if ((first == 0xe0 && bytes[1] < 0xa0) || (first == 0xed && bytes[1] > 0x9f) || (first == 0xf0 && bytes[1] < 0x90) ||
        (first == 0xf4 && bytes[1] > 0x8f))
        return 0;
    return len;
}

/* Four digits behind `\u`; -1 where they are none. */
static inline long wasm_sandbox_json_unit_(const char *at, const char *end) {
    long unit = 0;
    if (end - at < 4)
        return -1;
    for (int index = 0; index < 4; index++) {
        char digit = at[index], small = (char)(digit | 0x20);
        if (digit >= '0' && digit <= '9')
            unit = unit << 4 | (digit - '0');
        else if (small >= 'a' && small <= 'f')
            unit = unit << 4 | (small - 'a' + 10);
        else
            return -1;
    }
    return unit;
}

/* The next character of a string: as many bytes of UTF-8 as it returns, 0 where there is none. */
static inline size_t wasm_sandbox_json_character_(const char **at, const char *end, char into[4]) {
    static const char escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *from = *at;
    if (from == end || (unsigned char)*from < 0x20)
        return 0;
    if (*from != '\\') {
        size_t len = wasm_sandbox_utf8_(from, end);
        memcpy(into, from, len);
        *at += len;
        return len;
    }
    if (end - from < 2)
        return 0;
    if (from[1] != 'u') {
        const char *escape = (const char *)memchr(escapes, from[1], sizeof escapes - 1);
        if (!escape)
            return 0;
        into[0] = meant[escape - escapes];
        *at += 2;
        return 1;
    }
    long code = wasm_sandbox_json_unit_(from + 2, end);
    if (code < 0 || (code >= 0xdc00 && code <= 0xdfff))
        return 0;
    *at += 6;
    if (code >= 0xd800 && code <= 0xdbff) {
        if (end - from < 12 || from[6] != '\\' || from[7] != 'u')
            return 0;
        long second = wasm_sandbox_json_unit_(from + 8, end);
        if (second < 0xdc00 || second > 0xdfff)
            return 0;
        code = 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00);
        *at += 6;
    }
    if (code < 0x80) {
        into[0] = (char)code;
        return 1;
    }
    size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t index = len; --index; code >>= 6)
        into[index] = (char)(0x80 | (code & 0x3f));
    into[0] = (char)((0xf00 >> len & 0xf0) | code);
    return len;
}

/* Each of these gives the place behind what it is called for, or NULL where that is not there. */
static inline const char *wasm_sandbox_json_blank_(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
}

static inline const char *wasm_sandbox_json_quoted_(const char *at, const char *end) {
    char character[4];
    if (at == end || *at++ != '"')
        return NULL;
    while (at < end && *at != '"')
        if (!wasm_sandbox_json_character_(&at, end, character))
            return NULL;
    return at < end ? at + 1 : NULL;
}

static inline const char *wasm_sandbox_json_digits_(const char *at, const char *end) {
    const char *first = at;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at > first ? at : NULL;
}

static inline const char *wasm_sandbox_json_number_(const char *at, const char *end) {
    if (at < end && *at == '-')
        at++;
    const char *whole = at;
    at = wasm_sandbox_json_digits_(at, end);
    if (!at || (*whole == '0' && at - whole > 1))
        return NULL;
    if (at < end && *at == '.')
        at = wasm_sandbox_json_digits_(at + 1, end);
    if (at && at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        at = wasm_sandbox_json_digits_(at, end);
    }
    return at;
}

static inline const char *wasm_sandbox_json_word_(const char *at, const char *end, const char *word) {
    size_t len = strlen(word);
    return (size_t)(end - at) >= len && !memcmp(at, word, len) ? at + len : NULL;
}

/* What is neither a list nor an object. */
static inline const char *wasm_sandbox_json_scalar_(const char *at, const char *end) {
    switch (*at) {
    case '"':
        return wasm_sandbox_json_quoted_(at, end);
    case 'n':
        return wasm_sandbox_json_word_(at, end, "null");
    case 't':
        return wasm_sandbox_json_word_(at, end, "true");
    case 'f':
        return wasm_sandbox_json_word_(at, end, "false");
    default:
        return wasm_sandbox_json_number_(at, end);
    }
}

/* The name of a member, and what is between that and its value. */
static inline const char *wasm_sandbox_json_named_(const char *at, const char *end) {
    at = wasm_sandbox_json_quoted_(at, end);
    at = at ? wasm_sandbox_json_blank_(at, end) : end;
    return at < end && *at == ':' ? wasm_sandbox_json_blank_(at + 1, end) : NULL;
}

/* Any value. What it lies in is kept in a row, not in calls of calls. */
static inline const char *wasm_sandbox_json_value_(const char *at, const char *end) {
    char closers[WASM_SANDBOX_JSON_DEPTH];
    size_t depth = 0;
    for (;;) {
        /* A value is to come. */
        if (at == end)
            return NULL;
        if (*at == '[' || *at == '{') {
            if (depth == WASM_SANDBOX_JSON_DEPTH)
                return NULL;
            char closer = *at == '[' ? ']' : '}';
            closers[depth++] = closer;
            at = wasm_sandbox_json_blank_(at + 1, end);
            if (at == end)
                return NULL;
            if (*at != closer) {
                if (closer == '}' && !(at = wasm_sandbox_json_named_(at, end)))
                    return NULL;
                continue;
            }
        } else {
            at = wasm_sandbox_json_scalar_(at, end);
            if (!at || !depth)
                return at;
            at = wasm_sandbox_json_blank_(at, end);
        }
        /* Something has ended, and what it lies in may end with it. */
        while (at < end && *at == closers[depth - 1]) {
            at++;
            if (!--depth)
                return at;
            at = wasm_sandbox_json_blank_(at, end);
        }
        if (at == end || *at != ',')
            return NULL;
        at = wasm_sandbox_json_blank_(at + 1, end);
        if (closers[depth - 1] == '}' && !(at = wasm_sandbox_json_named_(at, end)))
            return NULL;
    }
}

static inline wasm_sandbox_json wasm_sandbox_json_read(const char *text, size_t len) {
    wasm_sandbox_json nothing = {NULL, 0};
    if (!text)
        return nothing;
    const char *end = text + len, *from = wasm_sandbox_json_blank_(text, end);
    const char *to = wasm_sandbox_json_value_(from, end);
    if (!to || wasm_sandbox_json_blank_(to, end) != end)
        return nothing;
    wasm_sandbox_json value = {from, (size_t)(to - from)};
    return value;
}

static inline wasm_sandbox_json_kind wasm_sandbox_json_kind_of(wasm_sandbox_json value) {
    if (!value.text || !value.len)
        return WASM_SANDBOX_JSON_NOTHING;
    switch (*value.text) {
    case 'n':
        return WASM_SANDBOX_JSON_NULL;
    case 't':
    case 'f':
        return WASM_SANDBOX_JSON_BOOL;
    case '"':
        return WASM_SANDBOX_JSON_STRING;
    case '[':
        return WASM_SANDBOX_JSON_LIST;
    case '{':
        return WASM_SANDBOX_JSON_OBJECT;
    default:
        return WASM_SANDBOX_JSON_NUMBER;
    }
}

static inline bool wasm_sandbox_json_next(wasm_sandbox_json of, size_t *at, wasm_sandbox_json *name, wasm_sandbox_json *value) {
    wasm_sandbox_json_kind kind = wasm_sandbox_json_kind_of(of);
    if ((kind != WASM_SANDBOX_JSON_LIST && kind != WASM_SANDBOX_JSON_OBJECT) || *at >= of.len)
        return false;
    /* It is at the bracket in front, at a comma, or at the bracket behind. */
    const char *end = of.text + of.len, *from = wasm_sandbox_json_blank_(of.text + *at + 1, end), *named = from;
    if (from == end || *from == ']' || *from == '}')
        return false;
    if (kind == WASM_SANDBOX_JSON_OBJECT && !(from = wasm_sandbox_json_named_(from, end)))
        return false;
    const char *to = wasm_sandbox_json_value_(from, end);
    if (!to)
        return false;
    if (name) {
        const char *behind = kind == WASM_SANDBOX_JSON_OBJECT ? wasm_sandbox_json_quoted_(named, end) : NULL;
        name->text = behind ? named : NULL;
        name->len = behind ? (size_t)(behind - named) : 0;
    }
    value->text = from;
    value->len = (size_t)(to - from);
    *at = (size_t)(wasm_sandbox_json_blank_(to, end) - of.text);
    return true;
}

static inline wasm_sandbox_json wasm_sandbox_json_member(wasm_sandbox_json object, const char *name) {
    wasm_sandbox_json found = {NULL, 0}, key, value;
    for (size_t at = 0; wasm_sandbox_json_next(object, &at, &key, &value);)
        if (wasm_sandbox_json_is(key, name))
            found = value;
    return found;
}

static inline wasm_sandbox_json wasm_sandbox_json_element(wasm_sandbox_json list, size_t index) {
    wasm_sandbox_json nothing = {NULL, 0}, value;
    if (wasm_sandbox_json_kind_of(list) != WASM_SANDBOX_JSON_LIST)
        return nothing;
    for (size_t at = 0; wasm_sandbox_json_next(list, &at, NULL, &value); index--)
        if (!index)
            return value;
    return nothing;
}

static inline bool wasm_sandbox_json_is(wasm_sandbox_json value, const char *text) {
    if (wasm_sandbox_json_kind_of(value) != WASM_SANDBOX_JSON_STRING)
        return false;
    const char *at = value.text + 1, *end = value.text + value.len;
    char character[4];
    while (at < end && *at != '"') {
        size_t len = wasm_sandbox_json_character_(&at, end, character);
        if (!len || strncmp(text, character, len) || memchr(character, 0, len))
            return false;
        text += len;
    }
    return !*text;
}

static inline char *wasm_sandbox_json_string(wasm_sandbox_json value, size_t *len) {
    if (wasm_sandbox_json_kind_of(value) != WASM_SANDBOX_JSON_STRING)
        return NULL;
    /* No character is shorter in JSON than it is in UTF-8. */
    char *text = (char *)malloc(value.len), character[4];
    if (!text)
        abort();
    const char *at = value.text + 1, *end = value.text + value.len;
    size_t to = 0;
    while (at < end && *at != '"') {
        size_t more = wasm_sandbox_json_character_(&at, end, character);
        if (!more || (!len && memchr(character, 0, more))) {
            free(text);
            return NULL;
        }
        memcpy(text + to, character, more);
        to += more;
    }
    text[to] = 0;
    if (len)
        *len = to;
    return text;
}

static inline bool wasm_sandbox_json_bool(wasm_sandbox_json value, bool *truth) {
    if (wasm_sandbox_json_kind_of(value) != WASM_SANDBOX_JSON_BOOL)
        return false;
    *truth = *value.text == 't';
    return true;
}

static inline bool wasm_sandbox_json_f64(wasm_sandbox_json value, double *number) {
    if (wasm_sandbox_json_kind_of(value) != WASM_SANDBOX_JSON_NUMBER)
        return false;
    /* `strtod` wants an end. */
    char few[64], *text = value.len < sizeof few ? few : (char *)malloc(value.len + 1), *behind;
    if (!text)
        abort();
    memcpy(text, value.text, value.len);
    text[value.len] = 0;
    double found = strtod(text, &behind);
    bool is_whole = behind == text + value.len;
    if (text != few)
        free(text);
    /* Infinity is what a number becomes that is too large. */
    if (!is_whole || found - found != 0)
        return false;
    *number = found;
    return true;
}

/* A whole number without its sign, by its digits: they do not fit into a double. */
static inline bool wasm_sandbox_json_whole_(wasm_sandbox_json value, bool *is_negative, uint64_t *size) {
    if (wasm_sandbox_json_kind_of(value) != WASM_SANDBOX_JSON_NUMBER)
        return false;
    const char *at = value.text, *end = at + value.len;
    *is_negative = *at == '-';
    at += *is_negative;
    *size = 0;
    /* How often the digits up to the last that is no zero are to be multiplied by ten, and the zeros behind those. */
    int64_t exponent = 0, zeros = 0;
    bool is_fraction = false;
    for (; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.') {
            is_fraction = true;
            continue;
        }
        exponent -= is_fraction;
        zeros++;
        if (*at == '0')
            continue;
        uint64_t digit = (uint64_t)(*at - '0');
        for (; zeros && *size; zeros--) {
            if (*size > UINT64_MAX / 10)
                return false;
            *size *= 10;
        }
        if (digit > UINT64_MAX - *size)
            return false;
        *size += digit;
        zeros = 0;
    }
    if (at < end) {
        int64_t said = 0;
        bool is_less = *++at == '-';
        for (at += *at == '-' || *at == '+'; at < end; at++)
            said = said < INT64_MAX / 100 ? 10 * said + (*at - '0') : said;
        exponent += is_less ? -said : said;
    }
    exponent += zeros;
    if (!*size)
        return true;
    for (; exponent > 0; exponent--) {
        if (*size > UINT64_MAX / 10)
            return false;
        *size *= 10;
    }
    return !exponent;
}

static inline bool wasm_sandbox_json_s64(wasm_sandbox_json value, int64_t *number) {
    bool is_negative;
    uint64_t size;
    if (!wasm_sandbox_json_whole_(value, &is_negative, &size) || size > (uint64_t)INT64_MAX + is_negative)
        return false;
    *number = is_negative ? (int64_t)-size : (int64_t)size;
    return true;
}

static inline bool wasm_sandbox_json_u64(wasm_sandbox_json value, uint64_t *number) {
    bool is_negative;
    uint64_t size;
    if (!wasm_sandbox_json_whole_(value, &is_negative, &size) || (is_negative && size))
        return false;
    *number = size;
    return true;
}

/* Room for so many bytes more, and a zero. */
static inline char *wasm_sandbox_text_room_(wasm_sandbox_text *to, size_t more) {
    if (more >= SIZE_MAX / 2 - to->len)
        abort();
    if (to->len + more >= to->room) {
        to->room = 2 * (to->len + more) + 1;
        to->text = (char *)realloc(to->text, to->room);
        if (!to->text)
            abort();
    }
    return to->text + to->len;
}

static inline void wasm_sandbox_text_add(wasm_sandbox_text *to, const void *bytes, size_t len) {
    char *room = wasm_sandbox_text_room_(to, len);
    if (len)
        memcpy(room, bytes, len);
    to->len += len;
    to->text[to->len] = 0;
}

static inline void wasm_sandbox_text_vprint(wasm_sandbox_text *to, const char *format, va_list values) {
    va_list again;
    va_copy(again, values);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len < 0)
        abort();
    vsnprintf(wasm_sandbox_text_room_(to, (size_t)len), (size_t)len + 1, format, values);
    to->len += (size_t)len;
}

static inline void wasm_sandbox_text_print(wasm_sandbox_text *to, const char *format, ...) {
    va_list values;
    va_start(values, format);
    wasm_sandbox_text_vprint(to, format, values);
    va_end(values);
}

static inline void wasm_sandbox_text_quote(wasm_sandbox_text *to, const char *text, size_t len) {
    wasm_sandbox_text_add(to, "\"", 1);
    for (const char *end = text + len; text < end;) {
        size_t more = wasm_sandbox_utf8_(text, end);
        if (!more)
            wasm_sandbox_text_add(to, "\xef\xbf\xbd", 3);
        else if ((unsigned char)*text < 0x20)
            wasm_sandbox_text_print(to, "\\u%04x", (unsigned)*text);
        else if (*text == '"' || *text == '\\')
            wasm_sandbox_text_print(to, "\\%c", *text);
        else
            wasm_sandbox_text_add(to, text, more);
        text += more ? more : 1;
    }
    wasm_sandbox_text_add(to, "\"", 1);
}

#ifdef __cplusplus
}
#endif

#endif
