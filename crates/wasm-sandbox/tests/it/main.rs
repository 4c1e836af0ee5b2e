//! What the library promises, from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bombs;
mod c;
mod cache;
mod calls;
mod cargo;
mod dropped;
mod files;
mod floods;
mod host_functions;
mod kept_files;
mod limits;
mod modules;
mod python;
mod rust;
mod values;
mod wasi;

use wasm_sandbox::{Setup, Source, blocking::WasmSandbox};

/// A source in WebAssembly's text form.
fn wat(text: &str) -> Source {
    Source::from(text.as_bytes())
}

/// A closed sandbox over a module in text form, with nothing kept on disk.
fn closed(text: &str) -> WasmSandbox {
    WasmSandbox::builder().setup(Setup::default()).source(wat(text)).build_blocking().expect("the module loads")
}
