//! The JavaScript half of the library, and which of its files programs may import.

/// Every file, by the name that others import it by. `internal:` is ours alone.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("internal:main", include_str!("../library/main.js")),
    ("internal:errors", include_str!("../library/errors.js")),
    ("internal:brand", include_str!("../library/brand.js")),
    ("internal:inspect", include_str!("../library/inspect.js")),
    ("internal:console", include_str!("../library/console.js")),
    ("internal:timers", include_str!("../library/timers.js")),
    ("internal:clone", include_str!("../library/clone.js")),
    ("internal:encoding", include_str!("../library/encoding.js")),
    ("internal:web", include_str!("../library/web.js")),
    ("internal:streams", include_str!("../library/web_streams.js")),
    ("internal:messages", include_str!("../library/messages.js")),
    ("internal:fetch", include_str!("../library/fetch.js")),
    ("internal:serve", include_str!("../library/serve.js")),
    ("internal:address", include_str!("../library/url.js")),
    ("internal:tools", include_str!("../library/tools.js")),
    ("internal:describe", include_str!("../library/describe.js")),
    ("internal:json", include_str!("../library/json.js")),
    ("internal:locale", include_str!("../library/locale.js")),
    ("internal:common", include_str!("../library/common.js")),
    ("internal:folder", include_str!("../library/folder.js")),
    ("internal:fs_streams", include_str!("../library/fs_streams.js")),
    ("internal:stdin", include_str!("../library/stdin.js")),
    ("internal:arguments", include_str!("../library/arguments.js")),
    ("node:assert", include_str!("../library/assert.js")),
    ("node:assert/strict", include_str!("../library/assert_strict.js")),
    ("node:buffer", include_str!("../library/buffer.js")),
    ("node:crypto", include_str!("../library/crypto.js")),
    ("node:events", include_str!("../library/events.js")),
    ("node:fs", include_str!("../library/fs.js")),
    ("node:fs/promises", include_str!("../library/fs_promises.js")),
    ("node:os", include_str!("../library/os.js")),
    ("node:path", include_str!("../library/path.js")),
    ("node:path/posix", include_str!("../library/path_posix.js")),
    ("node:perf_hooks", include_str!("../library/perf_hooks.js")),
    ("node:process", include_str!("../library/process.js")),
    ("node:querystring", include_str!("../library/querystring.js")),
    ("node:readline", include_str!("../library/readline.js")),
    ("node:readline/promises", include_str!("../library/readline_promises.js")),
    ("node:stream", include_str!("../library/stream.js")),
    ("node:stream/promises", include_str!("../library/stream_promises.js")),
    ("node:string_decoder", include_str!("../library/string_decoder.js")),
    ("node:timers", include_str!("../library/node_timers.js")),
    ("node:timers/promises", include_str!("../library/timers_promises.js")),
    ("node:url", include_str!("../library/node_url.js")),
    ("node:util", include_str!("../library/util.js")),
    ("node:util/types", include_str!("../library/util_types.js")),
];

/// The functions of Rust.
pub(crate) const NATIVE: &str = "internal:native";

/// The text of a file of the library.
pub(crate) fn text(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The full name of what a program means by `fs` or `node:fs`.
pub(crate) fn public(name: &str) -> Option<&'static str> {
    let name = name.strip_prefix("node:").unwrap_or(name);
    FILES.iter().map(|(known, _)| *known).find(|known| known.strip_prefix("node:") == Some(name))
}

/// Whether a file is a part of the library.
pub(crate) fn is_internal(name: &str) -> bool {
    name.starts_with("internal:") || name.starts_with("node:")
}
