//! Zig: one file becomes a program, or a library of functions over numbers, with the safety checks of its mode `ReleaseSafe`.

use std::{ffi::OsString, fs, io, path::Path};

use wasm_sandbox_policy::SandboxError;

use super::{
    file_name, through_cache,
    ziglang::{self, Zig},
};
use crate::{
    engine::cache::CacheKey,
    setup::{Setup, fetch::Packaged},
    source::Language,
};

/// Compiler flags, a part of the cache's key. Every `export fn` can be called.
const FLAGS: [&str; 11] = [
    "build-exe",
    "-target",
    ziglang::TARGET,
    "-OReleaseSafe",
    "-fstrip",
    "-rdynamic",
    "-fno-reference-trace",
    "--color",
    "off",
    "--stack",
    "1048576",
];

/// Compiles one file.
pub(super) fn compile(text: &str, name: &str, setup: &Setup) -> Result<Vec<u8>, SandboxError> {
    let name = file_name(name, Language::Zig);
    let version = Zig::pinned()?;
    let mut parts = vec![version.as_bytes(), name.as_bytes(), text.as_bytes()];
    parts.extend(FLAGS.map(str::as_bytes));
    through_cache(setup, &CacheKey::new("zig guest", &parts), || {
        let zig = Zig::fetch(setup)?;
        let _telling = setup.tell(&format!("compiling {name}"));
        let work = setup.staging()?;
        fs::write(work.path().join(&name), text).map_err(failed)?;
        zig.run(setup, work.path(), &[], arguments(text, &name))?
            .map_err(|diagnostics| SandboxError::Compilation { language: "Zig".to_owned(), diagnostics })?;
        work.read(Path::new("guest.wasm"), super::MAX_BYTES).map_err(failed)
    })
}

fn arguments(text: &str, name: &str) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = FLAGS.map(OsString::from).to_vec();
    if !has_main(text) {
        arguments.push("-fno-entry".into());
    }
    arguments.extend([name.into(), "-femit-bin=guest.wasm".into()]);
    arguments
}

/// Whether a source is a program. Comments and long texts of Zig begin anew in each line, so that none looks like this.
fn has_main(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("pub fn main(") || line.starts_with("pub const main "))
}

fn failed(error: io::Error) -> SandboxError {
    SandboxError::internal("compiling Zig", error)
}
