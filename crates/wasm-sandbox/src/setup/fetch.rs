//! Packages that come through pip, pinned by version and hash in `toolchains.toml`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::Deserialize;
use wasm_sandbox_policy::SandboxError;

use super::Setup;
use crate::jail;

const PINS: &str = include_str!("../../toolchains.toml");

/// A package as it is pinned.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pin {
    pub(crate) version: String,
    /// Size of the download.
    bytes: u64,
    /// One for each platform's file.
    sha256: Vec<String>,
}

impl Pin {
    pub(crate) fn of(package: &str) -> Result<Self, SandboxError> {
        let mut pins: BTreeMap<String, Self> =
            toml::from_str(PINS).map_err(|error| SandboxError::internal("reading toolchains.toml", error))?;
        pins.remove(package).ok_or_else(|| SandboxError::internal("reading toolchains.toml", package.to_owned()))
    }

    /// A line of pip's requirements format.
    fn requirement(&self, package: &str) -> String {
        let hashes: String = self.sha256.iter().map(|hash| format!(" --hash=sha256:{hash}")).collect();
        format!("{package}=={}{hashes}\n", self.version)
    }
}

/// A package, on this machine.
pub(crate) struct Package {
    folder: PathBuf,
    version: String,
}

impl Package {
    /// The package, fetched if it is not there.
    ///
    /// # Errors
    /// [`SandboxError::Toolchain`] when there is no Python with pip, or fetching fails; `remedy` says how to try again.
    pub(crate) fn fetch(setup: &Setup, name: &str, remedy: &str) -> Result<Self, SandboxError> {
        let wanted = Self::wanted(setup, name)?;
        let folder = setup.prepare_once(wanted.folder, |work| install(setup, name, remedy, work))?;
        Ok(Self { folder, ..wanted })
    }

    /// The package, if it is there.
    pub(crate) fn find(setup: &Setup, name: &str) -> Result<Option<Self>, SandboxError> {
        Self::wanted(setup, name).map(|wanted| Some(wanted).filter(|wanted| wanted.folder.is_dir()))
    }

    /// What is in it.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Where it would be.
    fn wanted(setup: &Setup, name: &str) -> Result<Self, SandboxError> {
        let cache = setup.cache_dir.as_ref().ok_or_else(|| SandboxError::Toolchain {
            missing: format!("a cache directory to keep the package {name} in"),
            remedy: "set HOME or XDG_CACHE_HOME".to_owned(),
        })?;
        let version = Pin::of(name)?.version;
        Ok(Self { folder: cache.join("packages").join(format!("{name}-{version}")), version })
    }
}

/// What is made of a package.
pub(crate) trait Packaged: From<Package> {
    const PACKAGE: &'static str;
    /// The command that fetches it.
    const REMEDY: &'static str;

    /// The version that is pinned.
    fn pinned() -> Result<String, SandboxError> {
        Pin::of(Self::PACKAGE).map(|pin| pin.version)
    }

    /// It, fetched if it is not there.
    ///
    /// # Errors
    /// Those of [`Package::fetch`].
    fn fetch(setup: &Setup) -> Result<Self, SandboxError> {
        Package::fetch(setup, Self::PACKAGE, Self::REMEDY).map(Self::from)
    }

    /// It, if it is there.
    fn find(setup: &Setup) -> Result<Option<Self>, SandboxError> {
        Ok(Package::find(setup, Self::PACKAGE)?.map(Self::from))
    }
}

fn install(setup: &Setup, package: &str, remedy: &str, work: &Path) -> Result<PathBuf, SandboxError> {
    let missing = |reason: String| SandboxError::Toolchain {
        missing: format!("the package {package} ({reason})"),
        remedy: remedy.to_owned(),
    };
    let failed = |error: std::io::Error| SandboxError::internal(format!("fetching {package}"), error);
    let python =
        setup.find("python3").ok_or_else(|| missing("Python 3 with pip fetches it, and is not here".to_owned()))?;
    let (target, temporary) = (work.join("package"), work.join("tmp"));
    fs::create_dir(&temporary).map_err(failed)?;
    let pin = Pin::of(package)?;
    let requirements = work.join("requirements.txt");
    fs::write(&requirements, pin.requirement(package)).map_err(failed)?;
    let mut command = Command::new(python);
    command
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-compile"])
        .args(["--no-deps", "--only-binary=:all:", "--require-hashes", "--target"])
        .arg(&target)
        .arg("--requirement")
        .arg(&requirements)
        .env("TMPDIR", &temporary)
        .current_dir(work);
    if let Some(path) = &setup.packages {
        let missing = |_| SandboxError::FileNotFound { path: path.display().to_string() };
        let found = fs::canonicalize(path).map_err(missing)?;
        command.arg("--no-index").arg("--find-links").arg(alone(&found, work).map_err(failed)?);
    }
    let telling = setup.tell(&format!("fetching {package} {}", pin.version));
    let far = || (size(&temporary).min(pin.bytes), pin.bytes);
    telling.during(far, || carry_out(&mut command)).map_err(failed)?.map_err(missing)?;
    Ok(target)
}

/// A folder in which there is a file and nothing else; of a folder, itself.
fn alone(path: &Path, work: &Path) -> std::io::Result<PathBuf> {
    let Some(name) = path.file_name().filter(|_| path.is_file()) else { return Ok(path.to_owned()) };
    let folder = work.join("from");
    fs::create_dir(&folder)?;
    std::os::unix::fs::symlink(path, folder.join(name))?;
    Ok(folder)
}

/// Runs a command to its end; what it says on stderr is the error, if it fails.
fn carry_out(command: &mut Command) -> std::io::Result<Result<(), String>> {
    jail::die_with_us(command)?;
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it failed and said nothing");
    Ok(if output.status.success() { Ok(()) } else { Err(last.trim().to_owned()) })
}

/// Bytes of the files in a folder, as far as they can be seen.
fn size(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let sizes = entries.filter_map(Result::ok).map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
