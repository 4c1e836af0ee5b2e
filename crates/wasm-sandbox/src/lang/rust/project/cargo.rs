//! Cargo in the jail: with the network where it runs nothing of the project's, without it where it does.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use wasm_sandbox_policy::{ByteSize, SandboxError};

use super::{
    super::{Compiler, compilation, fetch::Fetching, remapped, system_libraries},
    Metadata, failed,
};
use crate::{
    jail::{self, JailLimits, JailOutput, JailSpec, work::WorkFolder},
    lang::diagnostics,
    setup::Setup,
};

/// Cargo for one build.
pub(super) struct Cargo<'a> {
    setup: &'a Setup,
    compiler: &'a Compiler,
    /// What it compiles for.
    pub(super) target: &'static str,
    work: &'a WorkFolder,
    /// Where fetched crates are, for every build: only fetching writes there.
    home: PathBuf,
    fetching: Fetching,
}

impl<'a> Cargo<'a> {
    pub(super) fn new(
        setup: &'a Setup,
        compiler: &'a Compiler,
        target: &'static str,
        work: &'a WorkFolder,
    ) -> Result<Self, SandboxError> {
        let home = setup.cache_dir.as_deref().unwrap_or(work.path()).join("cargo");
        fs::create_dir_all(&home).map_err(failed)?;
        let home = home.canonicalize().map_err(failed)?;
        for folder in ["tmp", "target"] {
            fs::create_dir(work.path().join(folder)).map_err(failed)?;
        }
        Ok(Self { setup, compiler, target, work, home, fetching: setup.fetch.read()? })
    }

    /// Where what is built lies, from the work folder.
    pub(super) fn output(&self) -> PathBuf {
        Path::new("target").join(self.target).join("release")
    }

    /// What the project consists of. Cargo only reads its manifests for that.
    pub(super) fn metadata(&self, folder: &Path) -> Result<Metadata, SandboxError> {
        let mut spec = self.spec(folder, "metadata", &["--no-deps", "--offline", "--format-version=1"]);
        spec.limits.output = ByteSize::mib(16);
        let output = self.run(&spec)?;
        serde_json::from_slice(&output.stdout).map_err(|error| SandboxError::internal("reading what cargo says", error))
    }

    /// Fetches what the project needs and completes its lock file. None of its code runs.
    pub(super) fn fetch(&self, folder: &Path) -> Result<(), SandboxError> {
        let host = self.compiler.host();
        let mut spec = self.spec(folder, "fetch", &["--target", self.target, "--target", host]);
        spec.arguments.extend(self.fetching.network.iter().cloned());
        spec.environment.extend(self.fetching.environment.iter().cloned());
        spec.read.extend(self.fetching.read.iter().cloned());
        spec.write.push(self.home.clone());
        spec.network = true;
        self.run(&spec).map(|_| ())
    }

    /// Builds what was fetched. Of the crates that were ever fetched it sees only those that it is built from.
    pub(super) fn build(
        &self,
        folder: &Path,
        target: &str,
        flags: &[String],
        crates: &[(String, String)],
    ) -> Result<(), SandboxError> {
        let mut spec = self.spec(folder, "rustc", &["--release", "--offline", "--locked", "--target", self.target]);
        spec.arguments.push(target.into());
        spec.arguments.extend(["--target-dir".into(), self.work.path().join("target").into()]);
        spec.environment.push(("CARGO_ENCODED_RUSTFLAGS".to_owned(), self.flags().map_err(failed)?));
        spec.environment.push(("CARGO_INCREMENTAL".to_owned(), "0".into()));
        spec.arguments.extend(["--jobs".into(), jobs().to_string().into(), "--".into()]);
        spec.arguments.extend(flags.iter().map(OsString::from));
        spec.read.extend(self.fetched(crates).map_err(failed)?);
        let Some(linker) = Linker::find(self.setup) else {
            // Many projects do without build scripts and macros, so without a linker for this machine.
            return self.run(&spec).map(|_| ()).map_err(without_linker);
        };
        spec.environment.push(("PATH".to_owned(), linker.folder.into()));
        spec.read.extend(linker.read);
        self.run(&spec).map(|_| ())
    }

    fn run(&self, spec: &JailSpec) -> Result<JailOutput, SandboxError> {
        let output = jail::run(spec, self.setup.jail)?;
        if output.success {
            return Ok(output);
        }
        let hidden = [self.work.path(), &self.home, &self.compiler.sysroot];
        Err(compilation(diagnostics(&output.stderr, &hidden)))
    }

    /// Cargo itself, offline, in a jail with the work folder and nothing else.
    fn spec(&self, folder: &Path, command: &str, arguments: &[&str]) -> JailSpec {
        let sysroot = &self.compiler.sysroot;
        let mut all: Vec<OsString> = vec![command.into(), "--quiet".into(), "--color=never".into()];
        all.extend(["--manifest-path".into(), folder.join("Cargo.toml").into()]);
        all.extend(arguments.iter().map(OsString::from));
        all.extend(self.fetching.source.iter().cloned());
        let mut read = vec![sysroot.clone()];
        read.extend(system_libraries());
        read.extend(self.fetching.local.clone());
        JailSpec {
            program: sysroot.join("bin/cargo"),
            arguments: all,
            environment: vec![
                ("CARGO_HOME".to_owned(), self.home.clone().into()),
                ("RUSTC".to_owned(), sysroot.join("bin/rustc").into()),
                ("TMPDIR".to_owned(), self.work.path().join("tmp").into()),
                ("LD_LIBRARY_PATH".to_owned(), sysroot.join("lib").into()),
            ],
            // Cargo obeys settings that it finds above the folder that it is started in.
            directory: PathBuf::from("/"),
            read,
            write: vec![self.work.path().to_owned(), PathBuf::from("/dev/null")],
            processes: true,
            network: false,
            limits: JailLimits {
                cpu_time: Duration::from_secs(300),
                wall_time: self.setup.build_timeout,
                ..JailLimits::default()
            },
        }
    }

    /// Keeps paths of the host out of the guest, and the names of the places that crates come from.
    fn flags(&self) -> std::io::Result<OsString> {
        let mut flags = remapped(&self.work.path().join("project"), "");
        let sources = self.home.join("registry/src");
        let sources = if sources.is_dir() { fs::read_dir(sources)?.collect::<Result<_, _>>()? } else { Vec::new() };
        for source in sources {
            flags.push("\x1f");
            flags.push(remapped(&source.path(), "crates"));
        }
        Ok(flags)
    }

    /// The places where fetched crates are, and the index that says what they need.
    fn fetched(&self, crates: &[(String, String)]) -> std::io::Result<Vec<PathBuf>> {
        let registry = self.home.join("registry");
        let mut paths = vec![registry.join("index")];
        for (kind, ending) in [("cache", ".crate"), ("src", "")] {
            let folder = registry.join(kind);
            if !folder.is_dir() {
                continue;
            }
            for source in fs::read_dir(folder)? {
                let source = source?.path();
                paths.extend(crates.iter().map(|(name, version)| source.join(format!("{name}-{version}{ending}"))));
            }
        }
        Ok(paths)
    }
}

fn without_linker(error: SandboxError) -> SandboxError {
    match error {
        SandboxError::Compilation { diagnostics, .. } if diagnostics.contains("linker `cc` not found") => {
            SandboxError::Toolchain {
                missing: "a C compiler (`cc`), which build scripts and macros are linked with,".to_owned(),
                remedy: "apt-get install gcc".to_owned(),
            }
        }
        other => other,
    }
}

/// As many as there are processors, and no more than have room in the memory of a build.
fn jobs() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(8)
}

/// What build scripts and macros are linked with: they run on the host, if only in the jail.
struct Linker {
    folder: PathBuf,
    read: Vec<PathBuf>,
}

impl Linker {
    /// Asks the C compiler that rustc links through where its parts are.
    fn find(setup: &Setup) -> Option<Self> {
        let driver = setup.find("cc")?;
        let ask = |question: &str| {
            let output = Command::new(&driver).arg(question).env_clear().current_dir("/").output().ok()?;
            let answer = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
            if answer.is_absolute() { answer.canonicalize().ok() } else { None }
        };
        let folder = driver.parent()?.to_owned();
        let beside = |path: PathBuf| path.parent().map(Path::to_owned);
        // Folders of a distribution's libraries, and of the compiler's own.
        let folders = ["-print-file-name=crt1.o", "-print-file-name=libc.so.6", "-print-libgcc-file-name"];
        let programs = ["-print-prog-name=collect2", "-print-prog-name=ld"];
        let mut read: Vec<PathBuf> =
            folders.into_iter().filter_map(|question| ask(question).and_then(beside)).collect();
        read.extend(programs.into_iter().filter_map(ask));
        read.extend([driver, folder.join("ld")]);
        Some(Self { folder, read })
    }
}
