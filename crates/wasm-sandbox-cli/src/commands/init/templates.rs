//! The projects that `init` writes, one for each language and kind.

use wasm_sandbox::GuestKind;

use crate::options::{InitKind, InitLanguage};

/// A project. `{name}` in a file stands for its name.
pub(super) struct Template {
    pub(super) kind: GuestKind,
    pub(super) source: &'static str,
    /// Where the guest sees the project's folder, if it imports files from there.
    pub(super) imports_from: Option<&'static str>,
    /// All files but for those that every project has.
    pub(super) files: &'static [(&'static str, &'static str)],
    /// A command that uses it, which prints `2`.
    pub(super) example: &'static str,
    /// The command that runs its tests.
    pub(super) test: &'static str,
}

/// The commands that use a program, and one that is given an argument.
const RUN: &str = "echo trust nobody | wasm-sandbox run";
const CALL: &str = "wasm-sandbox call . count 'trust nobody'";

/// The text of a file.
macro_rules! text {
    ($name:literal) => {
        include_str!(concat!("../../../templates/", $name))
    };
}

pub(super) fn of(language: InitLanguage, kind: InitKind) -> Template {
    let files = files(language, kind);
    let (kind, example) = match kind {
        InitKind::Cli => (GuestKind::Cli, RUN),
        InitKind::Library => (GuestKind::Library, CALL),
    };
    let (source, _) = files.first().copied().unwrap_or_default();
    let (source, imports_from, test) = match language {
        InitLanguage::Rust => (".", None, "cargo test"),
        InitLanguage::C => (source, None, "wasm-sandbox run test.c"),
        InitLanguage::Python => (source, Some("/project"), "wasm-sandbox run test_words.py"),
        InitLanguage::Javascript => (source, Some("/"), "wasm-sandbox run test.mjs"),
        InitLanguage::Typescript => (source, Some("/"), "wasm-sandbox run test.ts"),
    };
    Template { kind, source, imports_from, files, example, test }
}

/// The files of a project, its source first.
fn files(language: InitLanguage, kind: InitKind) -> &'static [(&'static str, &'static str)] {
    match (language, kind) {
        (InitLanguage::Rust, InitKind::Cli) => &[
            ("src/main.rs", text!("rust/main.rs")),
            ("Cargo.toml", text!("rust/Cargo.toml.template")),
            (".gitignore", "/target\n"),
        ],
        (InitLanguage::Rust, InitKind::Library) => &[
            ("src/lib.rs", text!("rust/lib.rs")),
            ("Cargo.toml", text!("rust/Cargo.toml.template")),
            (".gitignore", "/target\n"),
        ],
        (InitLanguage::C, InitKind::Cli) => {
            &[("main.c", text!("c/main.c")), ("words.h", text!("c/words.h")), ("test.c", text!("c/test.c"))]
        }
        (InitLanguage::C, InitKind::Library) => {
            &[("library.c", text!("c/library.c")), ("words.h", text!("c/words.h")), ("test.c", text!("c/test.c"))]
        }
        (InitLanguage::Python, InitKind::Cli) => &[
            ("main.py", text!("python/main.py")),
            ("words.py", text!("python/words.py")),
            ("test_words.py", text!("python/test_words.py")),
        ],
        (InitLanguage::Python, InitKind::Library) => {
            &[("words.py", text!("python/words.py")), ("test_words.py", text!("python/test_words.py"))]
        }
        (InitLanguage::Javascript, InitKind::Cli) => &[
            ("main.mjs", text!("javascript/main.mjs")),
            ("words.mjs", text!("javascript/words.mjs")),
            ("test.mjs", text!("javascript/test.mjs")),
        ],
        (InitLanguage::Javascript, InitKind::Library) => {
            &[("words.mjs", text!("javascript/words.mjs")), ("test.mjs", text!("javascript/test.mjs"))]
        }
        (InitLanguage::Typescript, InitKind::Cli) => &[
            ("main.ts", text!("typescript/main.ts")),
            ("words.ts", text!("typescript/words.ts")),
            ("test.ts", text!("typescript/test.ts")),
        ],
        (InitLanguage::Typescript, InitKind::Library) => {
            &[("words.ts", text!("typescript/words.ts")), ("test.ts", text!("typescript/test.ts"))]
        }
    }
}
