//! Rust: one file becomes a program, a library or both. The compiler runs in the jail; the crates that guests may use are
//! built once, from pinned sources, and only read afterwards.

pub(crate) mod fetch;
pub(crate) mod project;
mod shim;

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use wasm_sandbox_policy::SandboxError;

use self::shim::{Shim, line_of};
use super::{diagnostics, file_name, through_cache};
use crate::{
    engine::cache::CacheKey,
    jail::{self, JailLimits, JailSpec},
    setup::{Diagnosis, Setup},
    source::Language,
    value::Signatures,
};

/// What guests are compiled for: modules, or components for those projects that say so.
const TARGET: &str = "wasm32-wasip1";
const COMPONENT_TARGET: &str = "wasm32-wasip2";

const REMEDY: &str = "wasm-sandbox setup rust";

/// The crates that guests can use, pinned by version and hash.
const DEPS_MANIFEST: &str = include_str!("../../guest-deps/Cargo.toml");
const DEPS_LOCK: &str = include_str!("../../guest-deps/Cargo.lock");

/// Where the shim finds them: among what its crate depends on.
const DEPENDENCIES: &str = "";

/// Functions of the shim that lend memory for arguments.
const ALLOCATOR: [&str; 2] = ["wasm_sandbox_alloc", "wasm_sandbox_free"];

/// Shims of a file that are tried. The compiler tells of all types at once, but for those that it comes to only then.
const MAX_SHIMS: usize = 4;

/// What makes the shim: another one makes other guests.
const SHIM_SOURCE: &str = include_str!("rust/shim.rs");

/// Compiles one file.
pub(super) fn compile(text: &str, name: &str, setup: &Setup) -> Result<Vec<u8>, SandboxError> {
    let compiler = Compiler::find(setup)?;
    let parts = [compiler.version.as_str(), DEPS_LOCK, SHIM_SOURCE, text].map(str::as_bytes);
    through_cache(setup, &CacheKey::new("rust guest", &parts), || compiler.guest(text, name, setup))
}

fn compilation(diagnostics: String) -> SandboxError {
    SandboxError::Compilation { language: "Rust".to_owned(), diagnostics }
}

/// What the compiler makes of a file.
enum Compiled {
    Guest(Vec<u8>),
    /// Nothing, for what it says.
    Refused(String),
}

/// The compiler itself, not a proxy that picks one by what the current directory says.
struct Compiler {
    sysroot: PathBuf,
    version: String,
}

impl Compiler {
    fn find(setup: &Setup) -> Result<Self, SandboxError> {
        let missing = || SandboxError::Toolchain {
            missing: "Rust".to_owned(),
            remedy: "rustup toolchain install stable".to_owned(),
        };
        let rustc = setup.find("rustc").ok_or_else(missing)?;
        let ask = |argument: &[&str]| {
            let output = Command::new(&rustc).args(argument).current_dir("/").output().ok()?;
            output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let sysroot = ask(&["--print", "sysroot"]).ok_or_else(missing)?;
        let version = ask(&["--version", "--verbose"]).ok_or_else(missing)?;
        Ok(Self { sysroot: PathBuf::from(sysroot), version })
    }

    /// The target of programs for this machine.
    fn host(&self) -> &str {
        self.version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default()
    }

    fn has_target(&self, target: &str) -> bool {
        self.sysroot.join("lib/rustlib").join(target).is_dir()
    }

    /// Fetches a target, where that has not been done.
    fn prepare(&self, target: &str, setup: &Setup) -> Result<(), SandboxError> {
        if self.has_target(target) {
            return Ok(());
        }
        let missing = |reason: String| SandboxError::Toolchain {
            missing: format!("the Rust target {target}{reason}"),
            remedy: format!("rustup target add {target}"),
        };
        let rustup = setup.find("rustup").ok_or_else(|| missing(String::new()))?;
        let _telling = setup.tell(&format!("fetching the Rust target {target}"));
        let output = jail::output_of(Command::new(rustup).args(["target", "add", target]).current_dir("/"));
        let output = output.map_err(|error| missing(format!(" ({error})")))?;
        if output.status.success() { Ok(()) } else { Err(missing(format!(" ({})", diagnostics(&output.stderr, &[])))) }
    }

    /// Compiles a file with a shim. A function over a type that serde does not know is left out of it, which only the
    /// compiler can tell.
    fn guest(&self, text: &str, name: &str, setup: &Setup) -> Result<Vec<u8>, SandboxError> {
        let own = text.matches('\n').count() + 1;
        let mut left_out = Vec::new();
        for _ in 0..MAX_SHIMS {
            let shim = Shim::read(text, name, DEPENDENCIES, &left_out, setup)?;
            let said = match self.compile(text, name, &shim, setup)? {
                Compiled::Guest(wasm) => return Signatures::append_section(&wasm, shim.functions, shim.left_out),
                Compiled::Refused(said) => said,
            };
            let unfit = shim.unfit(&said, own);
            if unfit.is_empty() {
                let is_shim = |place: &str| line_of(place).is_some_and(|line| line > own);
                return Err(compilation(Shim::explain(&said, is_shim)));
            }
            left_out.extend(unfit);
        }
        Err(compilation(format!("{name}: too many of its functions take or give what does not travel")))
    }

    fn compile(&self, text: &str, name: &str, shim: &Shim, setup: &Setup) -> Result<Compiled, SandboxError> {
        self.prepare(TARGET, setup)?;
        let deps = if shim.needs_crates { Some(deps(setup, self)?) } else { None };
        let _telling = setup.tell(&format!("compiling {name}"));
        let work = setup.staging()?;
        let source = work.path().join(file_name(name, Language::Rust));
        let output = work.path().join("guest.wasm");
        let failed = |error: std::io::Error| SandboxError::internal("compiling", error);
        fs::write(&source, format!("{text}\n{}", shim.code)).map_err(failed)?;
        let mut spec = self.spec(work.path(), &source, &output, shim, deps.as_deref());
        spec.limits = JailLimits::of_a_file(setup.build_timeout);
        let outcome = jail::run(&spec, setup.jail)?;
        if let Some(signal) = outcome.signal {
            // What a compiler says as it crashes is about itself.
            return Err(compilation(format!("{name}: the compiler crashed on it (signal {signal})")));
        }
        if !outcome.success {
            let hidden = [work.path(), self.sysroot.as_path()];
            return Ok(Compiled::Refused(diagnostics(&outcome.stderr, &hidden)));
        }
        work.read(Path::new("guest.wasm"), super::MAX_BYTES).map(Compiled::Guest).map_err(failed)
    }

    fn spec(&self, work: &Path, source: &Path, output: &Path, shim: &Shim, deps: Option<&Path>) -> JailSpec {
        let mut arguments: Vec<OsString> = [
            "--edition=2024",
            "--crate-name=guest",
            "--target",
            TARGET,
            "-Copt-level=2",
            "-Cpanic=abort",
            "-Cstrip=debuginfo",
            "--cap-lints=warn",
            "--color=never",
        ]
        .map(OsString::from)
        .to_vec();
        arguments.push(format!("--crate-type={}", if shim.program { "bin" } else { "cdylib" }).into());
        arguments.push(joined("--sysroot=", &self.sysroot));
        arguments.push(remapped(work, ""));
        if shim.program {
            arguments.extend(
                shim.functions.iter().map(|function| format!("-Clink-arg=--export={}", function.export).into()),
            );
            let allocator = ALLOCATOR.map(|name| format!("-Clink-arg=--export-if-defined={name}").into());
            arguments.extend(allocator);
        }
        let mut read = vec![self.sysroot.clone()];
        if let Some(deps) = deps {
            for folder in ["release/deps", "wasm32-wasip1/release/deps"] {
                arguments.push(joined("-Ldependency=", &deps.join(folder)));
            }
            for library in ["serde", "serde_json"] {
                arguments.extend(rlib(deps, library).map(|path| joined(&format!("--extern={library}="), &path)));
            }
            read.push(deps.to_owned());
        }
        arguments.extend([source.into(), "-o".into(), output.into()]);
        read.extend(system_libraries());
        JailSpec {
            program: self.sysroot.join("bin/rustc"),
            arguments,
            environment: vec![
                ("TMPDIR".to_owned(), work.into()),
                ("LD_LIBRARY_PATH".to_owned(), self.sysroot.join("lib").into()),
            ],
            directory: work.to_owned(),
            read,
            write: vec![work.to_owned(), PathBuf::from("/dev/null")],
            processes: false,
            network: false,
            limits: JailLimits::default(),
        }
    }
}

/// Has the compiler say something else than where a folder lies.
fn remapped(folder: &Path, to: &str) -> OsString {
    let mut flag = joined("--remap-path-prefix=", folder);
    flag.push("=");
    flag.push(to);
    flag
}

fn joined(prefix: &str, path: &Path) -> OsString {
    let mut whole = OsString::from(prefix);
    whole.push(path);
    whole
}

/// The shared libraries that a compiler is linked with, one by one: a folder of them would hold more than libraries.
fn system_libraries() -> Vec<PathBuf> {
    const FOLDERS: [&str; 8] = [
        "/lib",
        "/lib64",
        "/usr/lib",
        "/usr/lib64",
        "/lib/x86_64-linux-gnu",
        "/usr/lib/x86_64-linux-gnu",
        "/lib/aarch64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
    ];
    const NAMES: [&str; 12] = [
        "ld-linux-x86-64.so.2",
        "ld-linux-aarch64.so.1",
        "libc.so.6",
        "libm.so.6",
        "libdl.so.2",
        "libpthread.so.0",
        "librt.so.1",
        "libgcc_s.so.1",
        "libstdc++.so.6",
        "libz.so.1",
        "libzstd.so.1",
        "libatomic.so.1",
    ];
    let all = FOLDERS.iter().flat_map(|folder| NAMES.iter().map(move |name| Path::new(folder).join(name)));
    let mut found: Vec<PathBuf> = all.filter(|path| path.exists()).collect();
    found.extend(["/etc/ld.so.cache", "/dev/null", "/dev/urandom"].map(PathBuf::from));
    found
}

fn rlib(deps: &Path, library: &str) -> Option<PathBuf> {
    let prefix = format!("lib{library}-");
    let entries = fs::read_dir(deps.join("wasm32-wasip1/release/deps")).ok()?;
    let mut paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    paths.find(|path| {
        path.extension().is_some_and(|extension| extension == "rlib")
            && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix))
    })
}

/// The folder of the crates that guests can use, built with this compiler.
fn deps(setup: &Setup, compiler: &Compiler) -> Result<PathBuf, SandboxError> {
    let missing =
        |what: &str, remedy: &str| SandboxError::Toolchain { missing: what.to_owned(), remedy: remedy.to_owned() };
    let cache = setup
        .cache_dir
        .as_ref()
        .ok_or_else(|| missing("a cache directory for the crates of guests", "set HOME or XDG_CACHE_HOME"))?;
    let version = blake3::hash([DEPS_LOCK, DEPS_MANIFEST, compiler.version.as_str()].concat().as_bytes());
    let folder = cache.join("guest-crates").join(version.to_hex().get(..16).unwrap_or_default());
    setup.prepare_once(folder, |project| {
        let cargo = setup.find("cargo").ok_or_else(|| missing("cargo", "rustup toolchain install stable"))?;
        let failed = |error: std::io::Error| SandboxError::internal("preparing the crates of guests", error);
        let _telling = setup.tell("building the crates that Rust guests use (once)");
        fs::create_dir(project.join("src")).map_err(failed)?;
        fs::write(project.join("Cargo.toml"), DEPS_MANIFEST).map_err(failed)?;
        fs::write(project.join("Cargo.lock"), DEPS_LOCK).map_err(failed)?;
        fs::write(project.join("src/lib.rs"), "").map_err(failed)?;
        let ready = project.join("target");
        let ask =
            Command::new(&cargo).args(["metadata", "--locked", "--format-version=1"]).current_dir(project).output();
        let sources = registry(&ask.map_err(failed)?.stdout);
        let mut command = Command::new(cargo);
        command
            .args(["build", "--locked", "--release", "--quiet", "--target", TARGET, "--target-dir"])
            .arg(&ready)
            .env_remove("RUSTFLAGS")
            // What a guest is linked with does not say where it lay.
            .env("CARGO_ENCODED_RUSTFLAGS", sources.map(|path| remapped(&path, "crates")).unwrap_or_default())
            .env_remove("CARGO_BUILD_TARGET")
            .env_remove("RUSTC_WRAPPER")
            .current_dir(project);
        let output = jail::output_of(&mut command).map_err(failed)?;
        if !output.status.success() {
            let reason = diagnostics(&output.stderr, &[project]);
            return Err(missing(&format!("a crate that guests use ({reason})"), REMEDY));
        }
        Ok(ready)
    })
}

/// Where cargo keeps the sources of crates, from what it says of a project that uses some.
fn registry(metadata: &[u8]) -> Option<PathBuf> {
    let metadata: serde_json::Value = serde_json::from_slice(metadata).ok()?;
    let mut packages = metadata.get("packages")?.as_array()?.iter();
    let fetched = packages.find(|package| package.get("source").is_some_and(|source| !source.is_null()))?;
    Path::new(fetched.get("manifest_path")?.as_str()?).ancestors().nth(2).map(Path::to_owned)
}

/// Fetches the target and builds the crates, where that has not been done.
pub(crate) fn install(setup: &Setup) -> Result<(), SandboxError> {
    let compiler = Compiler::find(setup)?;
    compiler.prepare(TARGET, setup)?;
    if setup.cache_dir.is_some() { deps(setup, &compiler).map(|_| ()) } else { Ok(()) }
}

/// What there is for Rust.
pub(crate) fn diagnose(setup: &Setup) -> Vec<Diagnosis> {
    match Compiler::find(setup) {
        Err(_) => vec![Diagnosis::missing("Rust", "install it with rustup")],
        Ok(compiler) => {
            let version = compiler.version.lines().next().unwrap_or_default();
            let target = if compiler.has_target(TARGET) {
                Diagnosis::found("Rust target", TARGET)
            } else {
                Diagnosis::missing("Rust target", REMEDY)
            };
            vec![Diagnosis::found("Rust", version), target]
        }
    }
}
