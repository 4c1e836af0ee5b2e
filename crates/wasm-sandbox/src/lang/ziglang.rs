//! The compiler of the package `ziglang`, for C, C++ and Zig, and the standard libraries that come with it as sources.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use wasm_sandbox_policy::{LimitHit, ResourceKind, SandboxError};

use super::diagnostics;
use crate::{
    jail::{self, JailLimits, JailSpec},
    setup::{
        Setup,
        fetch::{Package, Packaged},
    },
    source::Language,
};

pub(super) const TARGET: &str = "wasm32-wasi";

/// What the compiler and its linker say when they may not have more memory.
const OUT_OF_MEMORY: [&str; 3] = ["std::bad_alloc", "LLVM ERROR: out of memory", "OutOfMemory"];

/// The compiler, on this machine.
pub(super) struct Zig {
    package: Package,
    folder: PathBuf,
}

impl Zig {
    pub(super) fn version(&self) -> &str {
        self.package.version()
    }

    fn program(&self) -> PathBuf {
        self.folder.join("zig")
    }

    /// Runs it in the jail, in a work folder; besides its own files it reads those of `read`. What it says of a source that it
    /// does not compile is the inner error.
    pub(super) fn run(
        &self,
        setup: &Setup,
        work: &Path,
        read: &[&Path],
        arguments: Vec<OsString>,
    ) -> Result<Result<(), String>, SandboxError> {
        let own = [self.folder.as_path()];
        let read = [&own, read].concat();
        let spec = JailSpec {
            program: self.program(),
            arguments,
            environment: vec![
                ("ZIG_LOCAL_CACHE_DIR".to_owned(), work.join("local").into()),
                ("ZIG_GLOBAL_CACHE_DIR".to_owned(), work.join("global").into()),
                ("ZIG_LIB_DIR".to_owned(), self.folder.join("lib").into()),
                ("TMPDIR".to_owned(), work.into()),
            ],
            directory: work.to_owned(),
            read: read.iter().copied().chain([Path::new("/dev/null")]).map(Path::to_owned).collect(),
            write: vec![work.to_owned(), "/dev/null".into()],
            processes: false,
            network: false,
            limits: JailLimits::of_a_file(setup.build_timeout),
        };
        let outcome = jail::run(&spec, setup.jail)?;
        if outcome.success {
            return Ok(Ok(()));
        }
        let said = diagnostics(&outcome.stderr, &[&[work], read.as_slice()].concat());
        if OUT_OF_MEMORY.iter().any(|sign| said.contains(sign)) {
            let limit = spec.limits.memory.as_u64();
            return Err(LimitHit { kind: ResourceKind::CompileMemory, used: limit, limit }.into());
        }
        // What follows is about reporting a bug of the compiler's, with files that are gone by then.
        Ok(Err(said.split("\nzig: note: diagnostic msg").next().unwrap_or_default().to_owned()))
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
        self.package.folder().join(if language == Language::Cpp { "sysroot-cpp" } else { "sysroot-c" })
    }

    /// Compiles an empty program, and what the linker was given besides it.
    fn archives(&self, language: Language, model: &str, work: &Path) -> Result<Vec<PathBuf>, SandboxError> {
        let missing = |reason: String| SandboxError::Toolchain {
            missing: format!("the standard library of {} ({reason})", language.name()),
            remedy: Self::REMEDY.to_owned(),
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

impl Packaged for Zig {
    const PACKAGE: &'static str = "ziglang";
    const REMEDY: &'static str = "wasm-sandbox setup c";
}

impl From<Package> for Zig {
    fn from(package: Package) -> Self {
        Self { folder: package.folder().join(Self::PACKAGE), package }
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
