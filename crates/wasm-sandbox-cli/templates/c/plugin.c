/* Summaries of documents. */
#include <wasm_sandbox.h>
#include <wasm_sandbox_json.h>

struct summary {
    int words;
    const char *longest;
    size_t longest_len;
};

/* How many words a text has, and which is the longest. */
static struct summary summary_of(const char *text) {
    static const char blanks[] = " \t\n\v\f\r";
    struct summary summary = {0, "", 0};
    for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
        size_t len = strcspn(text, blanks);
        if (len > summary.longest_len) {
            summary.longest = text;
            summary.longest_len = len;
        }
        summary.words++;
        text += len;
    }
    return summary;
}

WASM_SANDBOX_DESCRIBE({
    "name": "summarize", "export": "summarize", "abi": "json",
    "doc": "Says how many words a document has, and which is the longest.",
    "params": [{"name": "document", "type": {"record": {"name": "Document", "fields": [
        {"name": "title", "type": "string"}, {"name": "text", "type": "string"}]}}}],
    "result": {"record": {"name": "Summary", "fields": [
        {"name": "title", "type": "string"}, {"name": "words", "type": "u32"}, {"name": "longest", "type": "string"}]}}})
WASM_SANDBOX_EXPORT(summarize) uint64_t summarize(char *arguments, uint32_t len) {
    wasm_sandbox_json document = wasm_sandbox_json_element(wasm_sandbox_json_read(arguments, len), 0);
    wasm_sandbox_json title = wasm_sandbox_json_member(document, "title");
    char *text = wasm_sandbox_json_string(wasm_sandbox_json_member(document, "text"), NULL);
    if (!text) {
        free(arguments);
        return wasm_sandbox_invalid("\"there is a zero in the text\"");
    }
    struct summary summary = summary_of(text);
    wasm_sandbox_info("%d words", summary.words);
    wasm_sandbox_text json = {0};
    wasm_sandbox_text_print(&json, "{\"title\":%.*s,\"words\":%d,\"longest\":", (int)title.len, title.text, summary.words);
    wasm_sandbox_text_quote(&json, summary.longest, summary.longest_len);
    wasm_sandbox_text_print(&json, "}");
    uint64_t answer = wasm_sandbox_ok(json.text);
    free(json.text);
    free(text);
    free(arguments);
    return answer;
}
