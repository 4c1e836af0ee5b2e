//! Rust: a cargo project. It is copied, what it fetches is checked, its crates are fetched by a cargo that runs none of its
//! code, and then it is built, build scripts, macros and all, where there is no network and nothing of the host.

mod cargo;
mod component;
mod manifest;
mod program;
mod settings;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use toml::{Table, Value};
use wasm_sandbox_policy::{ConfigProblem, SandboxError};

use self::cargo::Cargo;
use super::{COMPONENT_TARGET, Compiler, DEPENDENCIES, SHIM_SOURCE, Shim, compilation};
use crate::{
    engine::cache::CacheKey,
    jail::work::WorkFolder,
    lang::{stage::Staged, through_cache},
    setup::Setup,
    value::Signatures,
};

/// Counts up when the same project would be built into something else.
const FORM: &str = "2";

/// Folders of a build.
const PROJECT: &str = "project";
const WRAPPER: &str = "guest";

/// The one file of our own crate around a library.
const EXPORTS: &str = "wasm_sandbox_exports.rs";

/// Compiles the project in a folder.
pub(crate) fn compile(folder: &Path, name: &str, setup: &Setup) -> Result<Vec<u8>, SandboxError> {
    let target = settings::target(folder)?;
    let (work, staged) = stage(folder, setup)?;
    let compiler = Compiler::find(setup)?;
    compiler.prepare(target, setup)?;
    let parts = [&compiler.version, FORM, SHIM_SOURCE, target].map(str::as_bytes);
    let key = CacheKey::new("rust project", &[&parts[..], &[&staged.digest]].concat());
    through_cache(setup, &key, || {
        let build = |work, staged, functions| {
            Build { setup, cargo: Cargo::new(setup, &compiler, target, work)?, staged, work, name, functions }.run()
        };
        if let Some(guest) = build(&work, &staged, true)? {
            return Ok(guest);
        }
        // What a build has left may be a trap: this one begins with the project as it was.
        let (work, again) = stage(folder, setup)?;
        if again.digest != staged.digest {
            return Err(compilation("the project changed while it was built".to_owned()));
        }
        build(&work, &again, false)?.ok_or_else(|| SandboxError::internal("building a project", "nothing was built"))
    })
}

/// A copy of the project that is fit to be built.
fn stage(folder: &Path, setup: &Setup) -> Result<(WorkFolder, Staged), SandboxError> {
    let work = setup.staging()?;
    let staged = Staged::copy(folder, work.path().join(PROJECT))?;
    manifest::check(&staged)?;
    Ok((work, staged))
}

struct Build<'a> {
    setup: &'a Setup,
    cargo: Cargo<'a>,
    staged: &'a Staged,
    work: &'a WorkFolder,
    name: &'a str,
    /// Whether the functions of a library beside a program are to be exported.
    functions: bool,
}

impl Build<'_> {
    /// The guest; none when it can only be built without functions.
    fn run(self) -> Result<Option<Vec<u8>>, SandboxError> {
        self.stand_alone()?;
        let (package, target) = self.cargo.metadata(&self.staged.root)?.choose()?;
        if self.cargo.target == COMPONENT_TARGET {
            return self.component(&package, &target).map(Some);
        }
        if target.is_program() { self.program(&package, &target) } else { self.library(&package, &target).map(Some) }
    }

    /// Keeps cargo from looking for a workspace above the project.
    fn stand_alone(&self) -> Result<(), SandboxError> {
        let table = manifest::read(&self.staged.root, Path::new("Cargo.toml"))?;
        let package = table.get("package").or_else(|| table.get("project"));
        if table.contains_key("workspace") || package.is_some_and(|package| package.get("workspace").is_some()) {
            return Ok(());
        }
        let mut table = table;
        table.insert("workspace".to_owned(), Value::Table(Table::new()));
        self.write(&self.staged.root.join("Cargo.toml"), &table.to_string())
    }

    /// Builds a crate of our own around the library, which exports its functions. The library itself stays as it is.
    fn library(&self, package: &Package, target: &Target) -> Result<Vec<u8>, SandboxError> {
        let folder = self.folder_of(package)?;
        let shim = self.shim(target, DEPENDENCIES)?;
        self.linkable(&folder, target)?;
        let wrapper = self.work.path().join(WRAPPER);
        fs::create_dir(&wrapper).map_err(failed)?;
        self.write(&wrapper.join("Cargo.toml"), &self.wrapper_manifest(package, &folder, &shim)?.to_string())?;
        self.write(&wrapper.join(EXPORTS), &format!("#![allow(warnings)]\npub use ::project::*;\n{}", shim.code))?;
        let lock = self.staged.root.join("Cargo.lock");
        if lock.exists() {
            fs::copy(lock, wrapper.join("Cargo.lock")).map_err(failed)?;
        }
        let wasm = self.make(&wrapper, "--lib", &[], "guest.wasm").map_err(|error| match error {
            SandboxError::Compilation { diagnostics, .. } => {
                let own = format!("error: could not compile `{WRAPPER}`");
                let said = Shim::explain(&diagnostics, |place| place.starts_with(EXPORTS));
                compilation(said.lines().filter(|line| !line.starts_with(&own)).collect::<Vec<_>>().join("\n"))
            }
            other => other,
        })?;
        Signatures::append_section(&wasm, shim.functions, shim.left_out)
    }

    /// What exports a library's functions, with the crates that it needs from a place of that name.
    fn shim(&self, library: &Target, crates: &str) -> Result<Shim, SandboxError> {
        let source = self.relative(&library.src_path)?;
        let text = self.work.read(&source, crate::lang::MAX_BYTES);
        let text = text.map_err(|error| compilation(format!("{}: {error}", shown(&source))))?;
        let text = String::from_utf8(text).map_err(|_| compilation(format!("{}: it is not UTF-8", shown(&source))))?;
        Shim::read(&text, &shown(&source), crates, &[], self.setup)
    }

    /// Makes the library one that another crate can use, and nothing more: what only the outside can use is made here.
    fn linkable(&self, folder: &Path, target: &Target) -> Result<(), SandboxError> {
        if target.crate_types.iter().all(|kind| kind == "lib" || kind == "rlib") {
            return Ok(());
        }
        let mut table = manifest::read(folder, Path::new("Cargo.toml"))?;
        let library = table.entry("lib").or_insert_with(|| Value::Table(Table::new()));
        if let Some(library) = library.as_table_mut() {
            library.remove("crate_type");
            library.insert("crate-type".to_owned(), Value::Array(vec![Value::String("rlib".to_owned())]));
        }
        self.write(&folder.join("Cargo.toml"), &table.to_string())
    }

    fn wrapper_manifest(&self, package: &Package, folder: &Path, shim: &Shim) -> Result<Table, SandboxError> {
        let inner = folder.strip_prefix(&self.staged.root).unwrap_or(Path::new(""));
        let path = Path::new("..").join(PROJECT).join(inner).display().to_string();
        let project = table([("package", text(&package.name)), ("path", text(&path))]);
        let mut dependencies = table([("project", Value::Table(project))]);
        if shim.json() {
            dependencies.extend(table([("serde", text("1")), ("serde_json", text("1"))]));
        }
        let library = [("path", text(EXPORTS)), ("crate-type", Value::Array(vec![text("cdylib")]))];
        let mut manifest = table([
            (
                "package",
                Value::Table(table([("name", text(WRAPPER)), ("version", text("0.0.0")), ("edition", text("2024"))])),
            ),
            ("lib", Value::Table(table(library))),
            ("dependencies", Value::Table(dependencies)),
            ("workspace", Value::Table(Table::new())),
        ]);
        // What only the root of a build may say is said by the wrapper in the project's stead.
        let root = manifest::read(&self.staged.root, Path::new("Cargo.toml"))?;
        let patches = manifest::patches_beside(&root, PROJECT);
        for (key, value) in [("profile", root.get("profile").cloned()), ("patch", patches)] {
            manifest.extend(value.map(|value| (key.to_owned(), value)));
        }
        Ok(manifest)
    }

    /// Fetches and builds what the manifest in `folder` says, the target itself with more flags for its compiler.
    fn make(&self, folder: &Path, target: &str, flags: &[String], output: &str) -> Result<Vec<u8>, SandboxError> {
        {
            let _telling = self.setup.tell(&format!("fetching the crates of {}", self.name));
            self.cargo.fetch(folder).map_err(|error| match error {
                SandboxError::Compilation { diagnostics, .. } => {
                    compilation(format!("its crates cannot be fetched\n{diagnostics}"))
                }
                other => other,
            })?;
        }
        // A member's lock file is its workspace's.
        let lock = if folder.join("Cargo.lock").exists() { folder } else { &self.staged.root };
        manifest::check_lock(lock)?;
        let _telling = self.setup.tell(&format!("building {}", self.name));
        self.cargo.build(folder, target, flags, &manifest::locked(lock)?)?;
        let output = self.cargo.output().join(output);
        self.work.read(&output, crate::lang::MAX_BYTES).map_err(|error| {
            compilation(format!("the build left no `{}`: {error}", output.file_name().unwrap_or_default().display()))
        })
    }

    fn folder_of(&self, package: &Package) -> Result<PathBuf, SandboxError> {
        let manifest = self.work.path().join(self.relative(&package.manifest_path)?);
        Ok(manifest.parent().unwrap_or(&self.staged.root).to_owned())
    }

    /// A path that cargo has named, from the work folder.
    fn relative(&self, path: &Path) -> Result<PathBuf, SandboxError> {
        let inside = path.strip_prefix(&self.staged.root).ok();
        let plain = |path: &&Path| path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        let inside = inside.filter(plain).map(|path| Path::new(PROJECT).join(path));
        inside.ok_or_else(|| compilation("the manifest names a file that is not in the project".to_owned()))
    }

    fn write(&self, path: &Path, text: &str) -> Result<(), SandboxError> {
        fs::write(path, text).map_err(failed)
    }
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn table<const N: usize>(entries: [(&str, Value); N]) -> Table {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn failed(error: std::io::Error) -> SandboxError {
    SandboxError::internal("preparing a project", error)
}

/// A path of the project's as its author knows it.
fn shown(path: &Path) -> String {
    path.strip_prefix(PROJECT).unwrap_or(path).display().to_string()
}

/// What cargo says of a project, as far as it matters here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_default_members: Vec<String>,
}

#[derive(Clone, Deserialize)]
struct Package {
    id: String,
    name: String,
    manifest_path: PathBuf,
    default_run: Option<String>,
    targets: Vec<Target>,
}

#[derive(Clone, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
    crate_types: Vec<String>,
    src_path: PathBuf,
}

impl Target {
    fn is_program(&self) -> bool {
        self.kind.iter().any(|kind| kind == "bin")
    }

    fn is_library(&self) -> bool {
        self.kind.iter().any(|kind| matches!(kind.as_str(), "lib" | "rlib" | "cdylib" | "dylib" | "staticlib"))
    }
}

impl Metadata {
    /// The one program, or else the one library.
    fn choose(&self) -> Result<(Package, Target), SandboxError> {
        let members = self.packages.iter().filter(|package| self.workspace_default_members.contains(&package.id));
        let all: Vec<(&Package, &Target)> =
            members.flat_map(|package| package.targets.iter().map(move |target| (package, target))).collect();
        let defaults = |(package, target): &&(&Package, &Target)| {
            target.is_program() && package.default_run.as_ref() == Some(&target.name)
        };
        for wanted in [Target::is_program, Target::is_library] {
            let found: Vec<_> = all.iter().filter(|(_, target)| wanted(target)).collect();
            let default: Vec<_> = all.iter().filter(defaults).collect();
            match (found.as_slice(), default.as_slice()) {
                ([], _) => {}
                ([(package, target)], _) | (_, [(package, target)]) => {
                    return Ok(((*package).clone(), (*target).clone()));
                }
                _ => return Err(ambiguous(found.iter().map(|(_, target)| target.name.as_str()))),
            }
        }
        Err(SandboxError::NotRunnable {
            what: "Cargo.toml".to_owned(),
            reason: "the project has neither a program nor a library".to_owned(),
        })
    }
}

fn ambiguous<'a>(names: impl Iterator<Item = &'a str>) -> SandboxError {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    let message = format!("the project has more than one thing to run: {}", names.join(", "));
    let problem = ConfigProblem::new("Cargo.toml: package.default-run", message);
    let problem = problem.suggest("name one in `default-run`, or name the folder of one package");
    SandboxError::Configuration { problems: vec![problem] }
}
