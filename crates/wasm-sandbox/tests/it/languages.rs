//! Sources in a language, as tests use them. There is one cache for all: what a language needs is fetched and compiled once.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

use wasm_sandbox::{Ending, Language, SandboxResult, Setup, Source, WasmSandbox, WasmSandboxBuilder, blocking};

/// The cache that all tests share, those of the command line too.
pub(crate) fn cache_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache/wasm-sandbox")
}

/// A machine that has what a language needs.
pub(crate) fn setup(language: Language) -> Setup {
    static READY: Mutex<Vec<Language>> = Mutex::new(Vec::new());
    let setup = Setup::discover().cache_dir(cache_dir());
    let mut ready = READY.lock().unwrap_or_else(PoisonError::into_inner);
    if !ready.contains(&language) {
        let installed = match language {
            Language::Rust => setup.install_rust(),
            Language::C | Language::Cpp | Language::Zig => setup.install_c(),
            Language::Go => setup.install_go(),
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

/// A program of the tests' own for a target of the machine's Rust, `wasm32-wasip1` or `wasm32-wasip2`.
pub(crate) fn compiled(program: &str, target: &str) -> Vec<u8> {
    installed(target);
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("guest.wasm");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(program);
    let [source, output_text] = [&source, &output].map(|path| path.to_str().unwrap());
    rustc(&["--edition=2024", "-Copt-level=1", "-Cpanic=abort", "--target", target, source, "-o", output_text]);
    std::fs::read(output).unwrap()
}

fn rustc(arguments: &[&str]) -> String {
    let output = Command::new("rustc").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The machine's Rust has this target.
pub(crate) fn installed(target: &str) {
    let sysroot = rustc(&["--print", "sysroot"]);
    if !Path::new(sysroot.trim()).join("lib/rustlib").join(target).is_dir() {
        let added = Command::new("rustup").args(["target", "add", target]).status().unwrap();
        assert!(added.success(), "rustup target add {target}");
    }
}
