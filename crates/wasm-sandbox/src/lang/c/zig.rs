//! The compiler of the package `ziglang`, and the standard libraries that come with it as sources.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use wasm_sandbox_policy::SandboxError;

use super::super::diagnostics;
use crate::{
    jail,
    setup::{
        Setup,
        fetch::{self, Pin},
    },
    source::Language,
};

pub(super) const TARGET: &str = "wasm32-wasi";
pub(super) const REMEDY: &str = "wasm-sandbox setup c";
const PACKAGE: &str = "ziglang";

/// The version that is pinned.
pub(super) fn version() -> Result<String, SandboxError> {
    Pin::of(PACKAGE).map(|pin| pin.version)
}

/// The compiler, on this machine.
pub(super) struct Zig {
    package: PathBuf,
    folder: PathBuf,
    version: String,
}

impl Zig {
    /// The compiler, fetched if it is not there.
    pub(super) fn fetch(setup: &Setup) -> Result<Self, SandboxError> {
        Self::at(fetch::package(setup, PACKAGE, REMEDY)?)
    }

    /// The compiler, if it is there.
    pub(super) fn find(setup: &Setup) -> Result<Option<Self>, SandboxError> {
        let folder = fetch::folder(setup, PACKAGE)?;
        if folder.is_dir() { Self::at(folder).map(Some) } else { Ok(None) }
    }

    fn at(package: PathBuf) -> Result<Self, SandboxError> {
        Ok(Self { folder: package.join(PACKAGE), package, version: version()? })
    }

    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// The compiler's own folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn program(&self) -> PathBuf {
        self.folder.join("zig")
    }

    pub(super) fn library(&self) -> PathBuf {
        self.folder.join("lib")
    }

    /// The standard libraries for a language, built if they are not there. That takes half a minute, and the sources are the
    /// compiler's own: it happens outside of the jail, and what user code is compiled with only reads the result.
    pub(super) fn sysroot(&self, language: Language, setup: &Setup) -> Result<Sysroot, SandboxError> {
        let folder = setup.prepare_once(self.sysroot_folder(language), |work| {
            let _telling = setup.tell(&format!("building the standard library of {} (once)", language.name()));
            let failed = |error: std::io::Error| SandboxError::internal("building a standard library", error);
            let ready = work.join("sysroot");
            fs::create_dir(&ready).map_err(failed)?;
            for model in ["command", "reactor"] {
                for archive in self.archives(language, model, work)? {
                    let name = archive.file_name().unwrap_or(archive.as_os_str());
                    fs::copy(work.join(&archive), ready.join(name)).map_err(failed)?;
                }
            }
            Ok(ready)
        })?;
        Ok(Sysroot { folder, language })
    }

    pub(super) fn has_sysroot(&self, language: Language) -> bool {
        self.sysroot_folder(language).is_dir()
    }

    fn sysroot_folder(&self, language: Language) -> PathBuf {
        self.package.join(if language == Language::Cpp { "sysroot-cpp" } else { "sysroot-c" })
    }

    /// Compiles an empty program, and what the linker was given besides it.
    fn archives(&self, language: Language, model: &str, work: &Path) -> Result<Vec<PathBuf>, SandboxError> {
        let missing = |reason: String| SandboxError::Toolchain {
            missing: format!("the standard library of {} ({reason})", language.name()),
            remedy: REMEDY.to_owned(),
        };
        let (front, source) = if language == Language::Cpp { ("c++", "empty.cpp") } else { ("cc", "empty.c") };
        fs::write(work.join(source), "int main(void) { return 0; }\n").map_err(|error| missing(error.to_string()))?;
        let mut command = Command::new(self.program());
        command
            .args([front, "-target", TARGET, "-O2", "-fno-exceptions", "-v"])
            .arg(format!("-mexec-model={model}"))
            .args([source, "-o", "empty.wasm"])
            .env("ZIG_LOCAL_CACHE_DIR", work.join("local"))
            .env("ZIG_GLOBAL_CACHE_DIR", work.join("global"))
            .current_dir(work);
        let output = jail::output_of(&mut command).map_err(|error| missing(error.to_string()))?;
        if !output.status.success() {
            return Err(missing(diagnostics(&output.stderr, &[work])));
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let linked = said.lines().rfind(|line| line.starts_with("wasm-ld "));
        let linked = linked.ok_or_else(|| missing("the compiler did not say what it links".to_owned()))?;
        let inputs = linked.split_whitespace().map(PathBuf::from);
        Ok(inputs
            .filter(|path| {
                path.extension().is_some_and(|kind| kind == "a")
                    || path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("crt1-"))
            })
            .collect())
    }
}

/// Start-up code and standard libraries of one language.
pub(super) struct Sysroot {
    folder: PathBuf,
    language: Language,
}

impl Sysroot {
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn file(&self, name: &str) -> OsString {
        self.folder.join(name).into()
    }

    /// In the order that the linker wants.
    pub(super) fn libraries(&self) -> impl Iterator<Item = OsString> {
        let own: &[&str] = if self.language == Language::Cpp { &["libc++.a", "libc++abi.a"] } else { &[] };
        own.iter().chain(&["libc.a", "libzigc.a", "libcompiler_rt.a"]).map(|name| self.file(name))
    }
}
