//! What the library promises, from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod answers;
mod bombs;
mod c;
mod cache;
mod calls;
mod cargo;
mod component_attacks;
mod component_docs;
mod components;
mod compositions;
mod copies;
mod dropped;
mod files;
mod floods;
mod go;
mod guest_json;
mod guest_kit;
mod host_functions;
mod images;
mod interpreter_memory;
mod javascript;
mod javascript_attacks;
mod javascript_input;
mod javascript_modules;
mod kept_files;
mod killed;
mod languages;
mod limits;
mod linking;
mod modules;
mod network;
mod paths;
mod process;
mod programs;
mod python;
mod rust;
mod snapshots;
mod surroundings;
mod tenants;
mod tools;
mod typescript;
mod values;
mod wasi;
mod wasi2;
mod zig;

use wasm_sandbox::{Setup, Source, blocking::WasmSandbox};

/// What a test told the process that it started.
#[expect(clippy::disallowed_methods, reason = "a test's own processes are told by their environment what to do")]
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Runs a test in a process of its own, for what it measures or exhausts belongs to the whole process.
fn alone(test: &str, body: impl FnOnce()) {
    const NAME: &str = "WASM_SANDBOX_TEST_ALONE";
    if told(NAME).is_some_and(|name| name == test) {
        return body();
    }
    let this = std::env::current_exe().unwrap();
    let output =
        std::process::Command::new(this).args(["--exact", test, "--nocapture"]).env(NAME, test).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// A source in WebAssembly's text form.
fn wat(text: &str) -> Source {
    Source::from(text.as_bytes())
}

/// A closed sandbox over a module in text form, with nothing kept on disk.
fn closed(text: &str) -> WasmSandbox {
    WasmSandbox::builder().setup(Setup::default()).source(wat(text)).build_blocking().expect("the module loads")
}
