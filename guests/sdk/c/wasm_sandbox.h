/* What a guest of wasm-sandbox in C or C++ may want: functions of the host's, lines about its work, and exports with types.
 *
 * A source that wasm-sandbox compiles finds this header by `#include <wasm_sandbox.h>`. Its functions over numbers and text can be
 * called without any of this. A guest that is compiled elsewhere needs the folder of this header on its include path, and says
 * itself what it exports. The agreement behind it is docs/abi.md, version 1.
 */
#ifndef WASM_SANDBOX_H
#define WASM_SANDBOX_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The version of the agreement. */
#define WASM_SANDBOX_ABI 1

/* A function that the host has registered: `WASM_SANDBOX_IMPORT(env, triple) int triple(int x);` */
#define WASM_SANDBOX_IMPORT(module, name) __attribute__((import_module(#module), import_name(#name)))

/* Exports a function: `WASM_SANDBOX_EXPORT(add) int add(int a, int b) { return a + b; }`. Functions over numbers need no more. */
#define WASM_SANDBOX_EXPORT(name) __attribute__((export_name(#name), used))

/* Says what an exported function takes and gives, as one of the `functions` of docs/abi.md:
 *
 *     WASM_SANDBOX_DESCRIBE({"name": "sum", "export": "sum", "abi": "json",
 *                            "params": [{"name": "numbers", "type": {"list": "s32"}}], "result": "s64"})
 *
 * It stands outside of functions, once for each. */
#define WASM_SANDBOX_DESCRIBE(...) WASM_SANDBOX_DOCUMENT_({"version": 1, "functions": [__VA_ARGS__]})
#define WASM_SANDBOX_DOCUMENT_(...) WASM_SANDBOX_SECTION_(WASM_SANDBOX_TEXT_(__VA_ARGS__))
#define WASM_SANDBOX_SECTION_(text) \
    __asm__(".section \".custom_section.wasm-sandbox.signatures\",\"\",@\n.ascii " WASM_SANDBOX_TEXT_(text) "\n");
#define WASM_SANDBOX_TEXT_(...) WASM_SANDBOX_QUOTED_(__VA_ARGS__)
#define WASM_SANDBOX_QUOTED_(...) #__VA_ARGS__

#ifdef __cplusplus
extern "C" {
#endif

/* Lines on standard error, which the host keeps with the result: what went wrong, what may be wrong, and what is done. */
#define wasm_sandbox_error(...) wasm_sandbox_log("error", __VA_ARGS__)
#define wasm_sandbox_warn(...) wasm_sandbox_log("warning", __VA_ARGS__)
#define wasm_sandbox_info(...) wasm_sandbox_log("info", __VA_ARGS__)

__attribute__((format(printf, 2, 3))) static inline void wasm_sandbox_log(const char *level, const char *format, ...) {
    va_list values;
    va_start(values, format);
    fprintf(stderr, "%s: ", level);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
}

/* The answer of a function of the ABI `json`, whose type is `uint64_t (char *arguments, uint32_t len)`. What it took is a list in
 * JSON that ends with a zero, and its own to `free`. `json` is text in JSON: of what it returned (`wasm_sandbox_ok`), of its error
 * (`wasm_sandbox_err`), or a text in quotes that says why the arguments cannot be read (`wasm_sandbox_invalid`). */
#define wasm_sandbox_ok(json) wasm_sandbox_answer("ok", json)
#define wasm_sandbox_err(json) wasm_sandbox_answer("err", json)
#define wasm_sandbox_invalid(json) wasm_sandbox_answer("invalid", json)

static inline uint64_t wasm_sandbox_answer(const char *kind, const char *json) {
    size_t len = strlen(kind) + strlen(json) + sizeof "{\"\":}";
    char *text = (char *)malloc(len);
    if (!text)
        abort();
    int written = snprintf(text, len, "{\"%s\":%s}", kind, json);
    return (uint64_t)(uintptr_t)text << 32 | (uint32_t)written;
}

/* How the host gets and gives back room for what travels as JSON. */
__attribute__((weak)) WASM_SANDBOX_EXPORT(wasm_sandbox_alloc) void *wasm_sandbox_alloc(size_t len) {
    if (len == SIZE_MAX)
        return NULL;
    char *buffer = (char *)malloc(len + 1);
    if (buffer)
        buffer[len] = 0;
    return buffer;
}

__attribute__((weak)) WASM_SANDBOX_EXPORT(wasm_sandbox_free) void wasm_sandbox_free(void *buffer, size_t len) {
    (void)len;
    free(buffer);
}

#ifdef __cplusplus
}
#endif

#endif
