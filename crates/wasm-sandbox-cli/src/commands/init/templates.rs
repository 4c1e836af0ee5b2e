//! The projects that `init` writes, one for each language and kind.

use wasm_sandbox::GuestKind;

use crate::options::{InitKind, InitLanguage};

/// A project. Words in braces, such as `{name}`, stand in its files for what they mean.
pub(super) struct Template {
    pub(super) kind: GuestKind,
    pub(super) description: &'static str,
    pub(super) source: &'static str,
    /// Where the guest sees the project's folder, if it imports files from there.
    pub(super) imports_from: Option<&'static str>,
    /// All files but for those that every project has.
    pub(super) files: Files,
    pub(super) readme: &'static str,
    /// How long it may take, and how much it may say.
    pub(super) times: &'static str,
    /// A command that uses it, whose output the README shows.
    pub(super) example: String,
    /// The command that runs its tests.
    pub(super) test: String,
    /// How an application uses it.
    pub(super) application: String,
}

/// Names and texts, the source first, the tests last.
type Files = &'static [(&'static str, &'static str)];

/// The text of a file.
macro_rules! text {
    ($name:literal) => {
        include_str!(concat!("../../../templates/", $name))
    };
}

/// Files of one folder that keep their names.
macro_rules! files {
    [$folder:literal: $($name:literal),*] => {
        &[$(($name, include_str!(concat!("../../../templates/", $folder, "/", $name)))),*]
    };
}

/// What a call and a server have.
const SHORT: &str = "timeout = \"10s\"";

/// What has a client of its own.
const LONG: &str =
    "# It lives as long as its client does, a day at most.\ntimeout = \"1d\"\ncpu_time = \"1d\"\noutput = \"1GB\"";

/// The template of this kind for the language.
pub(super) fn of(language: InitLanguage, kind: InitKind) -> Template {
    let files = files(language, kind);
    let function = if language == InitLanguage::Go { "Summarize" } else { "summarize" };
    let count = if language == InitLanguage::Go { "Count" } else { "count" };
    let (guest, readme, example) = match kind {
        InitKind::Cli => (GuestKind::Cli, text!("README.md"), "echo trust nobody | wasm-sandbox run".to_owned()),
        InitKind::Library => {
            (GuestKind::Library, text!("README.md"), format!("wasm-sandbox call . {count} 'trust nobody'"))
        }
        InitKind::Http => (GuestKind::Http, text!("http/README.md"), "wasm-sandbox serve".to_owned()),
        InitKind::Mcp => {
            let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
            (GuestKind::Cli, text!("mcp/README.md"), format!("echo '{ping}' | wasm-sandbox run"))
        }
        InitKind::Plugin => {
            let document = r#"{"title":"motto","text":"trust nobody"}"#;
            let call = format!("wasm-sandbox call . {function} '{document}' 2>/dev/null");
            (GuestKind::Library, text!("plugin/README.md"), call)
        }
    };
    let (first, last) = (files.first().map_or("", |(name, _)| name), files.last().map_or("", |(name, _)| name));
    let (source, imports_from, test) = match language {
        InitLanguage::Rust => (".", None, "cargo test".to_owned()),
        InitLanguage::Go => (".", None, "go test".to_owned()),
        InitLanguage::C => (first, None, format!("wasm-sandbox run {last}")),
        InitLanguage::Python => (first, Some("/project"), format!("wasm-sandbox run {last}")),
        InitLanguage::Javascript | InitLanguage::Typescript => (first, Some("/"), format!("wasm-sandbox run {last}")),
    };
    Template {
        kind: guest,
        description: if kind == InitKind::Plugin { "Summarizes documents." } else { "Counts words." },
        source,
        imports_from,
        files,
        readme,
        times: if kind == InitKind::Mcp { LONG } else { SHORT },
        example,
        test,
        application: text!("plugin/application.rs").replace("\"summarize\"", &format!("\"{function}\"")),
    }
}

fn files(language: InitLanguage, kind: InitKind) -> Files {
    match language {
        InitLanguage::Rust => rust(kind),
        InitLanguage::Go => go(kind),
        InitLanguage::C => c(kind),
        InitLanguage::Python => python(kind),
        InitLanguage::Javascript => javascript(kind),
        InitLanguage::Typescript => typescript(kind),
    }
}

fn rust(kind: InitKind) -> Files {
    const MANIFEST: &str = text!("rust/Cargo.toml.template");
    const IGNORED: (&str, &str) = (".gitignore", "/target\n");
    match kind {
        InitKind::Cli => &[("src/main.rs", text!("rust/main.rs")), ("Cargo.toml", MANIFEST), IGNORED],
        InitKind::Library => &[("src/lib.rs", text!("rust/lib.rs")), ("Cargo.toml", MANIFEST), IGNORED],
        InitKind::Mcp => &[
            ("src/main.rs", text!("rust/server.rs")),
            ("src/mcp.rs", text!("rust/mcp.rs")),
            ("Cargo.toml", concat!(text!("rust/Cargo.toml.template"), "\n[dependencies]\nserde_json = \"1\"\n")),
            IGNORED,
        ],
        InitKind::Plugin => &[
            ("src/lib.rs", text!("rust/plugin.rs")),
            (
                "Cargo.toml",
                concat!(
                    text!("rust/Cargo.toml.template"),
                    "\n[dependencies]\nserde = { version = \"1\", features = [\"derive\"] }\n"
                ),
            ),
            IGNORED,
        ],
        InitKind::Http => &[
            ("src/lib.rs", text!("rust/app.rs")),
            ("src/words.rs", text!("rust/lib.rs")),
            (
                "Cargo.toml",
                concat!(
                    text!("rust/Cargo.toml.template"),
                    "\n[lib]\ncrate-type = [\"cdylib\"]\n\n[dependencies]\npercent-encoding = \"2\"\nwasip2 = \"=1.0.4\"\n"
                ),
            ),
            (".cargo/config.toml", text!("rust/config.toml")),
            IGNORED,
        ],
    }
}

fn go(kind: InitKind) -> Files {
    const MANIFEST: (&str, &str) = ("go.mod", text!("go/go.mod.template"));
    const WORDS: (&str, &str) = ("words.go", concat!("package main\n", text!("go/words.go.template")));
    match kind {
        InitKind::Cli => &[
            ("main.go", text!("go/main.go")),
            WORDS,
            MANIFEST,
            ("words_test.go", concat!("package main\n", text!("go/words_test.go.template"))),
        ],
        InitKind::Library => &[
            ("words.go", concat!("// Package words is about words.\npackage words\n", text!("go/words.go.template"))),
            MANIFEST,
            ("words_test.go", concat!("package words\n", text!("go/words_test.go.template"))),
        ],
        InitKind::Mcp => &[
            ("server.go", text!("go/server.go")),
            ("mcp.go", text!("go/mcp.go")),
            WORDS,
            MANIFEST,
            ("mcp_test.go", text!("go/mcp_test.go")),
        ],
        InitKind::Plugin => {
            &[("plugin.go", text!("go/plugin.go")), MANIFEST, ("plugin_test.go", text!("go/plugin_test.go"))]
        }
        InitKind::Http => &[
            ("app.go", text!("go/app.go")),
            ("words.go", concat!("package app\n", text!("go/words.go.template"))),
            MANIFEST,
            ("app_test.go", text!("go/app_test.go")),
        ],
    }
}

fn c(kind: InitKind) -> Files {
    match kind {
        InitKind::Cli => files!["c": "main.c", "words.h", "test.c"],
        InitKind::Library => files!["c": "library.c", "words.h", "test.c"],
        InitKind::Http => files!["c": "app.c", "words.h", "test_app.c"],
        InitKind::Mcp => files!["c": "server.c", "mcp.h", "words.h", "test_mcp.c"],
        InitKind::Plugin => files!["c": "plugin.c", "test_plugin.c"],
    }
}

fn python(kind: InitKind) -> Files {
    match kind {
        InitKind::Cli => files!["python": "main.py", "words.py", "test_words.py"],
        InitKind::Library => files!["python": "words.py", "test_words.py"],
        InitKind::Http => files!["python": "app.py", "words.py", "test_app.py"],
        InitKind::Mcp => files!["python": "server.py", "mcp.py", "words.py", "test_mcp.py"],
        InitKind::Plugin => files!["python": "plugin.py", "test_plugin.py"],
    }
}

fn javascript(kind: InitKind) -> Files {
    match kind {
        InitKind::Cli => files!["javascript": "main.mjs", "words.mjs", "test.mjs"],
        InitKind::Library => files!["javascript": "words.mjs", "test.mjs"],
        InitKind::Plugin => files!["javascript": "plugin.mjs", "test_plugin.mjs"],
        InitKind::Http => files!["javascript": "app.mjs", "words.mjs", "test_app.mjs"],
        InitKind::Mcp => files!["javascript": "server.mjs", "mcp.mjs", "words.mjs", "test_mcp.mjs"],
    }
}

fn typescript(kind: InitKind) -> Files {
    match kind {
        InitKind::Cli => files!["typescript": "main.ts", "words.ts", "test.ts"],
        InitKind::Library => files!["typescript": "words.ts", "test.ts"],
        InitKind::Plugin => files!["typescript": "plugin.ts", "test_plugin.ts"],
        InitKind::Http => files!["typescript": "app.ts", "words.ts", "test_app.ts"],
        InitKind::Mcp => files!["typescript": "server.ts", "mcp.ts", "words.ts", "test_mcp.ts"],
    }
}
