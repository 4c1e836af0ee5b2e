//! From a source in any form to a guest: a binary module.

use std::path::Path;

use wasm_sandbox_policy::SandboxError;

use crate::{setup::Setup, source::Source};

/// Bytes of a source or module that are read.
const MAX_BYTES: u64 = 128 << 20;

/// The guest that a source is or compiles to.
///
/// # Errors
/// No such file, nothing that can be run, or a source that does not compile.
pub(crate) fn build(source: &Source, setup: &Setup) -> Result<Vec<u8>, SandboxError> {
    match source {
        Source::Module(bytes) => module(bytes, &source.name()),
        Source::Path(path) => build_path(path, setup),
        Source::Code { language, .. } => Err(SandboxError::NotRunnable {
            what: source.name(),
            reason: format!("{} is not supported by this version", language.name()),
        }),
    }
}

fn build_path(path: &Path, _setup: &Setup) -> Result<Vec<u8>, SandboxError> {
    let name = path.display().to_string();
    let bytes = read(path)?;
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("rs" | "c" | "cc" | "cpp" | "cxx") => Err(SandboxError::NotRunnable {
            what: name,
            reason: "its language is not supported by this version".to_owned(),
        }),
        _ => module(&bytes, &name),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, SandboxError> {
    let shown = path.display().to_string();
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => SandboxError::FileNotFound { path: shown.clone() },
        _ => SandboxError::internal(format!("reading `{shown}`"), error),
    })?;
    let refuse = |reason: &str| Err(SandboxError::NotRunnable { what: shown.clone(), reason: reason.to_owned() });
    if !metadata.is_file() {
        return refuse("it is not a file");
    }
    if metadata.len() > MAX_BYTES {
        return refuse("it is larger than 128 MB");
    }
    std::fs::read(path).map_err(|error| SandboxError::internal(format!("reading `{shown}`"), error))
}

/// A binary module from its binary or text form.
fn module(bytes: &[u8], name: &str) -> Result<Vec<u8>, SandboxError> {
    if bytes.starts_with(b"\0asm") || bytes.starts_with(b"\x7fELF") {
        return Ok(bytes.to_vec());
    }
    let refuse = |reason: String| SandboxError::NotRunnable { what: name.to_owned(), reason };
    let text = std::str::from_utf8(bytes).map_err(|_| refuse("it is not a WebAssembly module".to_owned()))?;
    if !text.contains("(module") {
        return Err(refuse("it is not a WebAssembly module, nor a source in a language that is known".to_owned()));
    }
    wat::parse_str(text)
        .map_err(|error| SandboxError::Compilation { language: "WAT".to_owned(), diagnostics: error.to_string() })
}
