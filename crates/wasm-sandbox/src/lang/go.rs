//! Go: one file or a module becomes a program, a library or both. What describes functions and has them compiled is a program
//! in Go itself (`driver/`), which runs in the jail with the compiler. Packages are those of the standard library, of the
//! module, and of its `vendor` folder: nothing is downloaded for a source.

mod toolchain;

use std::{ffi::OsString, fs, io, path::Path, time::Duration};

use serde::Deserialize;
use wasm_sandbox_policy::{LimitHit, ResourceKind, SandboxError};

use self::toolchain::{Driver, Go, Standard};
use super::{diagnostics, file_name, stage::Staged, through_cache};
use crate::{
    engine::cache::CacheKey,
    jail::{self, JailLimits, JailSpec, work::WorkFolder},
    setup::{Diagnosis, Setup, fetch::Packaged},
    source::Language,
    value::{LeftOut, Signature, Signatures},
};

/// Counts up when the same source would be built into something else.
const FORM: &str = "1";

/// Folders of a build.
const PROJECT: &str = "project";
const OUTPUT: &str = "output";
const CACHE: &str = "cache";

/// Processes and threads of one build that work at a time, at most.
const MAX_JOBS: usize = 4;

/// Bytes of signatures that are read.
const MAX_SIGNATURES: u64 = 4 << 20;

/// What a compiler in Go says when it may not have more memory.
const OUT_OF_MEMORY: [&str; 3] = ["out of memory", "cannot allocate memory", "failed to reserve"];

/// What lines begin with that the compiler and the go command say of themselves.
const OWN: [&str; 3] = ["fatal error: ", "runtime: ", "go: "];

/// What lines begin with when a compiler crashes. What follows is about itself.
const CRASHED: [&str; 2] = ["fatal error: ", "panic: "];

/// What the go command says when a package would have to be downloaded.
const NOT_DOWNLOADED: [&str; 4] = [
    "no required module provides package",
    "disabled by GOPROXY=off",
    "cannot find module providing",
    "missing go.sum",
];

/// Compiles one file.
pub(super) fn compile(text: &str, name: &str, setup: &Setup) -> Result<Vec<u8>, SandboxError> {
    let name = file_name(name, Language::Go);
    let key = key(&["file", &name, text].map(str::as_bytes))?;
    through_cache(setup, &key, || {
        let work = setup.staging()?;
        let project = work.path().join(PROJECT);
        let written = fs::create_dir(&project).and_then(|()| fs::write(project.join("source.go"), text));
        written.map_err(failed)?;
        let limits = JailLimits::of_a_file(setup.build_timeout);
        Build::new(setup, &work, limits)?.guest(&name, Some(&name))
    })
}

/// Compiles the module in a folder.
pub(super) fn compile_module(folder: &Path, name: &str, setup: &Setup) -> Result<Vec<u8>, SandboxError> {
    let work = setup.staging()?;
    let staged = Staged::copy(folder, work.path().join(PROJECT))?;
    through_cache(setup, &key(&[b"module", &staged.digest])?, || {
        let limits =
            JailLimits { cpu_time: Duration::from_secs(300), wall_time: setup.build_timeout, ..JailLimits::default() };
        Build::new(setup, &work, limits)?.guest(name, None)
    })
}

fn key(parts: &[&[u8]]) -> Result<CacheKey, SandboxError> {
    let (version, driver) = (Go::pinned()?, Driver::digest());
    let mut all = vec![FORM.as_bytes(), version.as_bytes(), driver.as_bytes()];
    all.extend(parts);
    Ok(CacheKey::new("go guest", &all))
}

/// What the driver says of a guest.
#[derive(Deserialize)]
struct Described {
    functions: Vec<Signature>,
    left_out: Vec<LeftOut>,
}

/// One source on its way; its files are in the work folder.
struct Build<'a> {
    setup: &'a Setup,
    work: &'a WorkFolder,
    limits: JailLimits,
    go: Go,
    standard: Standard,
    driver: Driver,
}

impl<'a> Build<'a> {
    fn new(setup: &'a Setup, work: &'a WorkFolder, limits: JailLimits) -> Result<Self, SandboxError> {
        let go = Go::fetch(setup)?;
        let (standard, driver) = (go.standard(setup)?, go.driver(setup)?);
        Ok(Self { setup, work, limits, go, standard, driver })
    }

    /// The guest; `file` is the name that a single file goes by.
    fn guest(&self, name: &str, file: Option<&str>) -> Result<Vec<u8>, SandboxError> {
        let _telling = self.setup.tell(&format!("compiling {name}"));
        self.prepare().map_err(failed)?;
        self.run(file)?;
        let said = self.work.read(&Path::new(OUTPUT).join("signatures.json"), MAX_SIGNATURES).map_err(failed)?;
        let described: Described =
            serde_json::from_slice(&said).map_err(|error| SandboxError::internal("reading signatures of Go", error))?;
        let guest = self.work.read(&Path::new(OUTPUT).join("guest.wasm"), super::MAX_BYTES).map_err(failed)?;
        Signatures::append_section(&guest, described.functions, described.left_out)
    }

    fn prepare(&self) -> io::Result<()> {
        for folder in [OUTPUT, CACHE, "tmp"] {
            fs::create_dir(self.work.path().join(folder))?;
        }
        self.standard.link_into(&self.work.path().join(CACHE))
    }

    fn run(&self, file: Option<&str>) -> Result<(), SandboxError> {
        let spec = self.spec(file);
        let outcome = jail::run(&spec, self.setup.jail)?;
        if let Some(signal) = outcome.signal {
            return Err(compilation(format!("the compiler crashed on it (signal {signal})")));
        }
        if outcome.success {
            return Ok(());
        }
        let project = self.work.path().join(PROJECT);
        let hidden = [project.as_path(), self.work.path(), self.go.root(), self.standard.folder()];
        let said = diagnostics(&outcome.stderr, &hidden);
        // What a source says stands behind its place.
        let own =
            said.lines().filter(|line| OWN.iter().any(|sign| line.starts_with(sign)) || line.contains("fork/exec"));
        if own.clone().any(|line| OUT_OF_MEMORY.iter().any(|sign| line.contains(sign))) {
            let limit = spec.limits.memory.as_u64();
            return Err(LimitHit { kind: ResourceKind::CompileMemory, used: limit, limit }.into());
        }
        if said.contains("internal compiler error")
            || said.lines().any(|line| CRASHED.iter().any(|sign| line.starts_with(sign)))
        {
            return Err(compilation("the compiler crashed on it".to_owned()));
        }
        // The compiler names its own headers from where it is started, which says where they are.
        let own = format!("../../../packages/{}/go/", self.go.package_name());
        Err(compilation(explained(&said.replace(&own, ""))))
    }

    fn spec(&self, file: Option<&str>) -> JailSpec {
        let work = self.work.path();
        let mut arguments: Vec<OsString> = vec![work.join(OUTPUT).into()];
        arguments.extend(file.map(OsString::from));
        let mut environment = self.go.environment(&work.join(CACHE), work);
        let jobs = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_JOBS);
        environment.push(("GOMAXPROCS".to_owned(), jobs.to_string().into()));
        JailSpec {
            program: self.driver.program(),
            arguments,
            environment,
            directory: work.join(PROJECT),
            read: vec![
                self.go.root().to_owned(),
                self.standard.folder().to_owned(),
                self.driver.folder().to_owned(),
                "/dev/null".into(),
            ],
            write: vec![work.to_owned(), "/dev/null".into()],
            processes: false,
            network: false,
            limits: self.limits.clone(),
        }
    }
}

/// The compiler's messages, about the files as their author knows them, with what to do where it does not say.
fn explained(said: &str) -> String {
    let own = |line| ["./", "guest/"].iter().find_map(|prefix| str::strip_prefix(line, *prefix)).unwrap_or(line);
    let lines = said.lines().filter(|line| !line.starts_with("# ")).map(own);
    // What it tells to do would be a download.
    let lines: Vec<&str> = lines.filter(|line| !line.trim_start().starts_with("go get ")).collect();
    let mut said = lines.join("\n").replace("; to add it:", "");
    if NOT_DOWNLOADED.iter().any(|sign| said.contains(sign)) {
        said.push_str("\n  = help: nothing is downloaded for a guest: have `go mod vendor` put a module's packages into its folder");
    }
    said
}

fn compilation(diagnostics: String) -> SandboxError {
    SandboxError::Compilation { language: "Go".to_owned(), diagnostics }
}

fn failed(error: io::Error) -> SandboxError {
    SandboxError::internal("compiling Go", error)
}

/// Fetches the compiler and builds the standard library, where that has not been done.
pub(crate) fn install(setup: &Setup) -> Result<(), SandboxError> {
    let go = Go::fetch(setup)?;
    go.standard(setup)?;
    go.driver(setup).map(|_| ())
}

/// What there is for Go.
pub(crate) fn diagnose(setup: &Setup) -> Diagnosis {
    match Go::find(setup) {
        Ok(Some(go)) if go.is_ready() => Diagnosis::found("Go", format!("go {}", go.version())),
        _ => Diagnosis::missing("Go", Go::REMEDY),
    }
}
