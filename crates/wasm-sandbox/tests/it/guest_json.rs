//! `wasm_sandbox_json.h`, with which guests in C read and write JSON, and the part of `wasm_sandbox_http.h` that needs no server.

use serde_json::Value;
use wasm_sandbox::{ByteUnits, Ending, Language, Setup, Source, TimeUnits, WasmSandbox};

use crate::{guest_kit, languages};

/// Reads texts, each behind its length, and prints what it has found in each, a line each. Each lies at the end of the memory: who reads
/// beyond it traps.
const READER: &str = r#"
#include <wasm_sandbox_json.h>

static char *placed(size_t len) {
    static size_t pages;
    if (__builtin_wasm_memory_size(0) != pages) {
        __builtin_wasm_memory_grow(0, 4);
        pages = __builtin_wasm_memory_size(0);
    }
    return (char *)(pages << 16) - len;
}

static void print(wasm_sandbox_json value, wasm_sandbox_text *out) {
    wasm_sandbox_json name, one;
    wasm_sandbox_json_kind kind = wasm_sandbox_json_kind_of(value);
    if (kind == WASM_SANDBOX_JSON_STRING) {
        size_t len;
        char *text = wasm_sandbox_json_string(value, &len);
        wasm_sandbox_text_quote(out, text, len);
        free(text);
    } else if (kind == WASM_SANDBOX_JSON_LIST || kind == WASM_SANDBOX_JSON_OBJECT) {
        wasm_sandbox_text_print(out, kind == WASM_SANDBOX_JSON_LIST ? "[" : "{");
        const char *comma = "";
        for (size_t at = 0; wasm_sandbox_json_next(value, &at, &name, &one); comma = ",") {
            wasm_sandbox_text_print(out, "%s", comma);
            if (kind == WASM_SANDBOX_JSON_OBJECT) {
                print(name, out);
                wasm_sandbox_text_print(out, ":");
            }
            print(one, out);
        }
        wasm_sandbox_text_print(out, kind == WASM_SANDBOX_JSON_LIST ? "]" : "}");
    } else {
        wasm_sandbox_text_add(out, value.text, value.len);
    }
}

int main(void) {
    uint32_t len;
    while (fread(&len, sizeof len, 1, stdin)) {
        char *text = placed(len);
        if (fread(text, 1, len, stdin) != len)
            return 1;
        wasm_sandbox_text found = {0};
        print(wasm_sandbox_json_read(text, len), &found);
        puts(found.text);
        free(found.text);
    }
    return 0;
}
"#;

/// Texts, each as it is and as what is left of it, with one byte taken out, put in or replaced.
fn hostile() -> Vec<Vec<u8>> {
    let bytes = b"\x00\x1f \n\"\\/{}[],:-+.05eEunt\x7f\x80\xbf\xc1\xc3\xe0\xed\xf0\xf4\xf5\xff";
    let mut all: Vec<Vec<u8>> = [126, 127, 128, 129, 5000]
        .into_iter()
        .flat_map(|deep| {
            let objects = [r#"{"":"#.repeat(deep), "0".to_owned(), "}".repeat(deep)].concat();
            [["[".repeat(deep), "]".repeat(deep)].concat(), objects, "[".repeat(deep), "[{\"\":".repeat(deep / 2)]
        })
        .map(String::into_bytes)
        .collect();
    for text in [
        " {\"a\\u00e9\\ud83d\\ude00\": [1, -0.5e+1, true], \"\": {\"x\": null}}\r\n",
        "[\"\u{e9}\u{20ac}\u{1f600}\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\", false, {}, [], [[]]]",
        "-10.25E-1",
        "\"\\uDBFF\\uDFFF\\ud7ff\\ue000\u{d7ff}\u{10ffff}\"",
        "{\"same\":1,\"same\":2}",
        "",
        "\u{feff}1",
    ] {
        let text = text.as_bytes();
        all.push(text.to_vec());
        for at in 0..=text.len() {
            let (before, after) = text.split_at(at);
            all.push(before.to_vec());
            all.push(after.to_vec());
            all.push([before, after.get(1..).unwrap_or_default()].concat());
            for byte in bytes {
                all.push([before, &[*byte], after].concat());
                all.push([before, &[*byte], after.get(1..).unwrap_or_default()].concat());
            }
        }
    }
    all
}

#[test]
fn hostile_json_is_read_as_strictly_as_by_others() {
    let texts = hostile();
    let framed = |text: &Vec<u8>| [&u32::try_from(text.len()).unwrap().to_le_bytes(), text.as_slice()].concat();
    let input: Vec<u8> = texts.iter().flat_map(framed).collect();
    let reader = languages::source(Language::C, READER).memory_limit(128.mb()).timeout(100.seconds()).stdin(input);
    let result = reader.build_blocking().unwrap().execute([""; 0]).unwrap();
    assert_eq!(result.ending, Ending::Exit { code: 0 }, "{}", result.stderr.text());
    let printed = result.stdout.text();
    let found: Vec<&str> = printed.split_terminator('\n').collect();
    assert_eq!(found.len(), texts.len());
    let mut read = 0;
    for (text, found) in texts.iter().zip(found) {
        let expected = serde_json::from_slice::<Value>(text).ok();
        let found = (!found.is_empty()).then(|| serde_json::from_str::<Value>(found).unwrap());
        assert_eq!(found, expected, "{:?}", String::from_utf8_lossy(text));
        read += usize::from(expected.is_some());
    }
    assert!(read > 500 && texts.len() - read > 5000, "{read} of {}", texts.len());
}

/// Exports `check`, which gives the line that does not hold.
const CHECKS: &str = r#"
#include <wasm_sandbox_http.h>

#define HOLDS(what) do { if (!(what)) return __LINE__; } while (0)

static wasm_sandbox_json read(const char *text) { return wasm_sandbox_json_read(text, strlen(text)); }

static int strings(void) {
    wasm_sandbox_json zero = read("\"a\\u0000b\""), plain = read("\"a\\u0062\"");
    size_t len = 9;
    char *text = wasm_sandbox_json_string(zero, &len);
    HOLDS(text && len == 3 && !memcmp(text, "a\0b", 4));
    HOLDS(!wasm_sandbox_json_string(zero, NULL) && !wasm_sandbox_json_is(zero, "a"));
    text = wasm_sandbox_json_string(plain, NULL);
    HOLDS(text && !strcmp(text, "ab"));
    HOLDS(wasm_sandbox_json_is(plain, "ab") && !wasm_sandbox_json_is(plain, "a") && !wasm_sandbox_json_is(plain, "abc"));
    HOLDS(!wasm_sandbox_json_string(read("5"), NULL) && !wasm_sandbox_json_is(read("5"), "5"));
    return 0;
}

static int members(void) {
    wasm_sandbox_json object = read("{\"a\": 1, \"\\u0061\": [true, {}], \"b\": null}"), name, value;
    wasm_sandbox_json list = wasm_sandbox_json_member(object, "a"), nothing = wasm_sandbox_json_read(NULL, 0);
    HOLDS(wasm_sandbox_json_kind_of(list) == WASM_SANDBOX_JSON_LIST);
    HOLDS(wasm_sandbox_json_kind_of(wasm_sandbox_json_member(object, "b")) == WASM_SANDBOX_JSON_NULL);
    HOLDS(!wasm_sandbox_json_member(object, "c").text && !wasm_sandbox_json_member(list, "a").text);
    bool truth = false;
    HOLDS(wasm_sandbox_json_bool(wasm_sandbox_json_element(list, 0), &truth) && truth);
    HOLDS(wasm_sandbox_json_kind_of(wasm_sandbox_json_element(list, 1)) == WASM_SANDBOX_JSON_OBJECT);
    HOLDS(!wasm_sandbox_json_element(list, 2).text && !wasm_sandbox_json_element(object, 0).text);
    size_t at = 0;
    HOLDS(wasm_sandbox_json_next(list, &at, &name, &value) && !name.text && value.len == 4);
    HOLDS(wasm_sandbox_json_next(list, &at, NULL, &value) && !wasm_sandbox_json_next(list, &at, NULL, &value));
    at = 0;
    HOLDS(!wasm_sandbox_json_next(nothing, &at, &name, &value) && !wasm_sandbox_json_member(nothing, "a").text);
    HOLDS(wasm_sandbox_json_kind_of(nothing) == WASM_SANDBOX_JSON_NOTHING && !wasm_sandbox_json_string(nothing, NULL));
    /* What nobody has read. */
    wasm_sandbox_json open = {"[1,", 3}, cut = {"\"ab\"", 3}, lies = {"[]", 1};
    at = 0;
    HOLDS(wasm_sandbox_json_next(open, &at, NULL, &value) && !wasm_sandbox_json_next(open, &at, NULL, &value));
    at = 0;
    HOLDS(wasm_sandbox_json_is(cut, "ab") && !wasm_sandbox_json_next(lies, &at, NULL, &value));
    return 0;
}

static int numbers(void) {
    static const struct { const char *text; bool is_s64, is_u64, is_f64; int64_t s64; uint64_t u64; double f64; } all[] = {
        {"0", true, true, true, 0, 0, 0},
        {"-0", true, true, true, 0, 0, 0},
        {"5.0", true, true, true, 5, 5, 5},
        {"50e-1", true, true, true, 5, 5, 5},
        {"-7", true, false, true, -7, 0, -7},
        {"5.5", false, false, true, 0, 0, 5.5},
        {"-0.5", false, false, true, 0, 0, -0.5},
        {"9223372036854775807", true, true, true, INT64_MAX, INT64_MAX, 9223372036854775807.0},
        {"-9223372036854775808", true, false, true, INT64_MIN, 0, -9223372036854775808.0},
        {"9223372036854775808", false, true, true, 0, 9223372036854775808u, 9223372036854775808.0},
        {"-9223372036854775809", false, false, true, 0, 0, -9223372036854775808.0},
        {"18446744073709551615", false, true, true, 0, UINT64_MAX, 18446744073709551615.0},
        {"18446744073709551616", false, false, true, 0, 0, 18446744073709551616.0},
        {"9007199254740992.0", true, true, true, 9007199254740992, 9007199254740992, 9007199254740992.0},
        {"9007199254740993.0", true, true, true, 9007199254740993, 9007199254740993, 9007199254740992.0},
        {"90071992547409930e-1", true, true, true, 9007199254740993, 9007199254740993, 9007199254740992.0},
        {"9007199254740991.5", false, false, true, 0, 0, 9007199254740992.0},
        {"5.00000000000000000001", false, false, true, 0, 0, 5.0},
        {"1844674407370955161500E-2", false, true, true, 0, UINT64_MAX, 18446744073709551615.0},
        {"1844674407370955161600E-2", false, false, true, 0, 0, 18446744073709551616.0},
        {"0.00e99999999999999999999", true, true, true, 0, 0, 0},
        {"120e+2", true, true, true, 12000, 12000, 12000},
        {"1e308", false, false, true, 0, 0, 1e308},
        {"1e309", false, false, false, 0, 0, 0},
        {"-1e999", false, false, false, 0, 0, 0},
        {"1e-999", false, false, true, 0, 0, 0},
        {"0.30000000000000000000000000000000000000000000000000000000000000000000000001", false, false, true, 0, 0, 0.3},
        {"\"5\"", false, false, false, 0, 0, 0},
    };
    for (size_t index = 0; index < sizeof all / sizeof *all; index++) {
        wasm_sandbox_json value = read(all[index].text);
        int64_t s64 = 0;
        uint64_t u64 = 0;
        double f64 = 0;
        HOLDS(value.text);
        int line = 1000 * (int)(index + 1);
        if (wasm_sandbox_json_s64(value, &s64) != all[index].is_s64 || s64 != all[index].s64)
            return line + 1;
        if (wasm_sandbox_json_u64(value, &u64) != all[index].is_u64 || u64 != all[index].u64)
            return line + 2;
        if (wasm_sandbox_json_f64(value, &f64) != all[index].is_f64 || f64 != all[index].f64)
            return line + 3;
    }
    return 0;
}

static int texts(void) {
    wasm_sandbox_text text = {NULL, 0, 0};
    wasm_sandbox_text_quote(&text, "a\"\\\n\x7f\0\xc3\xa9\xff\xed\xa0\x80", 12);
    HOLDS(!strcmp(text.text, "\"a\\\"\\\\\\u000a\x7f\\u0000\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""));
    HOLDS(text.len == strlen(text.text) && read(text.text).len == text.len);
    wasm_sandbox_text_print(&text, "%0*d", 5000, 5);
    HOLDS(text.len == strlen(text.text) && text.text[text.len - 1] == '5');
    return 0;
}

void wasm_sandbox_http_handle(wasm_sandbox_http *http) {
    char piece[3];
    if (http->scheme && !strcmp(http->scheme, "wrong")) {
        http->status = atoi(http->query);
        wasm_sandbox_http_add_header(http, http->authority, http->path);
        wasm_sandbox_http_print(http, "12345");
        return;
    }
    for (long came; (came = wasm_sandbox_http_read(http, piece, sizeof piece)) > 0;)
        wasm_sandbox_http_write(http, piece, (size_t)came);
    if (*http->query)
        http->status = 299;
    if (http->fields_len)
        wasm_sandbox_http_print(http, "%s", wasm_sandbox_http_header(http, "X-One"));
}

static int handlers(void) {
    char *text = wasm_sandbox_http_decode("a+b%20c%C3%a9%2b");
    HOLDS(text && !strcmp(text, "a b c\xc3\xa9+"));
    HOLDS(!wasm_sandbox_http_decode("%") && !wasm_sandbox_http_decode("%4") && !wasm_sandbox_http_decode("%4g"));
    HOLDS(!wasm_sandbox_http_decode("%00") && !*wasm_sandbox_http_decode(""));
    wasm_sandbox_http http;
    memset(&http, 0, sizeof http);
    HOLDS(!wasm_sandbox_http_try(&http) && !http.status && !http.answer.len);
    wasm_sandbox_http_field field = {"x-one", "!"};
    memset(&http, 0, sizeof http);
    http.posted = "posted";
    http.query = "a";
    http.fields = &field;
    http.fields_len = 1;
    HOLDS(wasm_sandbox_http_try(&http) && http.status == 299 && !strcmp(http.answer.text, "posted!"));
    static const struct { const char *status, *name, *value; bool is_answer; } told[] = {
        {"200", "X-a", "b\tc\xe9", true}, {"99", "a", "b", false}, {"600", "a", "b", false}, {"599", "a", "", true},
        {"200", "", "b", false}, {"200", "a b", "b", false}, {"200", "a", "b\r\nc: d", false},
        {"200", "Content-Length", "5", true}, {"200", "content-length", "99", false}, {"304", "content-length", "99", true},
    };
    for (size_t index = 0; index < sizeof told / sizeof *told; index++) {
        wasm_sandbox_http tried;
        memset(&tried, 0, sizeof tried);
        tried.scheme = "wrong";
        tried.query = told[index].status;
        tried.authority = told[index].name;
        tried.path = told[index].value;
        if (wasm_sandbox_http_try(&tried) != told[index].is_answer)
            return 100000 + (int)index;
    }
    http.query = "&a=&b%20c=d+e&a=no&f&%=g&h=%";
    HOLDS(!*wasm_sandbox_http_parameter(&http, "a") && !strcmp(wasm_sandbox_http_parameter(&http, "b c"), "d e"));
    HOLDS(!*wasm_sandbox_http_parameter(&http, "f") && !wasm_sandbox_http_parameter(&http, "h"));
    HOLDS(!wasm_sandbox_http_parameter(&http, "%") && !wasm_sandbox_http_parameter(&http, "i"));
    HOLDS(!wasm_sandbox_http_header(&http, "x-on") && !wasm_sandbox_http_add_header(&http, "x", "y"));
    return 0;
}

#ifdef __cplusplus
extern "C"
#endif
WASM_SANDBOX_EXPORT(check) int check(void) {
    int (*const all[])(void) = {strings, members, numbers, texts, handlers};
    for (size_t index = 0; index < sizeof all / sizeof *all; index++) {
        int line = all[index]();
        if (line)
            return line;
    }
    return 0;
}
"#;

#[test]
fn the_headers_do_what_they_say_in_c_and_in_c_plus_plus() {
    let compiled =
        |language| WasmSandbox::builder().setup(languages::setup(language)).source(Source::code(language, CHECKS));
    let elsewhere = |words: &[&str]| {
        WasmSandbox::builder().setup(Setup::default()).source(guest_kit::compiled_elsewhere(CHECKS, words))
    };
    for builder in [
        compiled(Language::C),
        compiled(Language::Cpp),
        elsewhere(&["cc", "-std=c99", "-pedantic"]),
        elsewhere(&["c++", "-std=c++11", "-xc++"]),
    ] {
        let mut guest = builder.build_blocking().unwrap();
        assert_eq!(guest.call::<_, i32>("check", ()).unwrap(), 0, "{}", guest.take_report().stderr.text());
        assert!(guest.module().unwrap().is_http_handler());
        assert_eq!(guest.module().unwrap().functions().unwrap().count(), 1);
    }
}
