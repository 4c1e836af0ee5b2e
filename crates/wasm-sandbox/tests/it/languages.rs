//! Sources in a language, as tests use them. There is one cache for all: what a language needs is fetched and compiled once.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use wasm_sandbox::{Ending, Language, SandboxResult, Setup, Source, WasmSandbox, WasmSandboxBuilder, blocking};

/// The cache that tests share.
pub(crate) fn cache_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

/// A machine that has what a language needs.
pub(crate) fn setup(language: Language) -> Setup {
    static READY: Mutex<Vec<Language>> = Mutex::new(Vec::new());
    let setup = Setup::discover().cache_dir(cache_dir());
    let mut ready = READY.lock().unwrap_or_else(PoisonError::into_inner);
    if !ready.contains(&language) {
        let installed = match language {
            Language::Rust => setup.install_rust(),
            Language::C | Language::Cpp => setup.install_c(),
            Language::Python => setup.install_python(),
            Language::JavaScript | Language::TypeScript => setup.install_javascript(),
            other => panic!("tests know no {other:?}"),
        };
        installed.expect("what the language needs");
        ready.push(language);
    }
    setup
}

pub(crate) fn builder(language: Language) -> WasmSandboxBuilder {
    WasmSandbox::builder().setup(setup(language))
}

pub(crate) fn source(language: Language, text: &str) -> WasmSandboxBuilder {
    builder(language).source(Source::code(language, text))
}

pub(crate) fn run(language: Language, text: &str) -> SandboxResult {
    source(language, text).build_blocking().unwrap().execute([""; 0]).unwrap()
}

/// What a program that must succeed prints.
pub(crate) fn printed(language: Language, text: &str) -> String {
    let result = run(language, text);
    assert_eq!(result.ending, Ending::Exit { code: 0 }, "{}", result.stderr.text());
    result.stdout.text().into_owned()
}

pub(crate) fn session(language: Language) -> blocking::Session {
    builder(language).build_blocking().unwrap().session(language).unwrap()
}
