//! What a project's manifests and lock file may say. They decide what is fetched, and from where, while there is a network;
//! so whatever leads elsewhere than to the project itself and the one public registry is refused before that.

use std::path::{Path, PathBuf};

use toml::{Table, Value};
use wasm_sandbox_policy::{ConfigProblem, SandboxError};

use super::super::DEPS_LOCK;
use crate::lang::stage::Staged;

/// What can be said of a dependency. Anything else names another place, or is not for everybody yet.
const DEPENDENCY_KEYS: [&str; 8] =
    ["version", "path", "features", "optional", "default-features", "default_features", "package", "workspace"];

const DEPENDENCY_TABLES: [&str; 5] =
    ["dependencies", "dev-dependencies", "dev_dependencies", "build-dependencies", "build_dependencies"];

/// Bytes of a manifest or lock file; ten thousand crates need less.
const MAX_BYTES: u64 = 4 << 20;

/// Problems that are told; nobody reads more.
const MAX_PROBLEMS: usize = 50;

/// Reads a manifest of the project.
pub(super) fn read(root: &Path, relative: &Path) -> Result<Table, SandboxError> {
    let shown = relative.display();
    if root.join(relative).metadata().is_ok_and(|metadata| metadata.len() > MAX_BYTES) {
        return Err(super::compilation(format!("{shown} is larger than {} MB", MAX_BYTES >> 20)));
    }
    let text = std::fs::read_to_string(root.join(relative))
        .map_err(|error| super::compilation(format!("{shown} cannot be read: {error}")))?;
    text.parse().map_err(|error| super::compilation(format!("{shown}: {error}")))
}

/// Checks every manifest of the project and its lock file.
///
/// # Errors
/// [`SandboxError::Configuration`] with everything that leads elsewhere, at once.
pub(super) fn check(staged: &Staged) -> Result<(), SandboxError> {
    let mut problems = Vec::new();
    for relative in &staged.manifests {
        let table = read(&staged.root, relative)?;
        let mut manifest = Manifest { root: &staged.root, relative, problems: &mut problems };
        manifest.whole(&table);
        if relative == Path::new("Cargo.toml") && !table.contains_key("workspace") {
            manifest.inherited(&table, "");
        }
    }
    if staged.root.join("Cargo.lock").exists() {
        problems.extend(foreign_packages(&staged.root)?);
    }
    refuse(problems)
}

/// Checks the lock file that a fetch has made or completed.
pub(super) fn check_lock(folder: &Path) -> Result<(), SandboxError> {
    refuse(foreign_packages(folder)?)
}

fn refuse(mut problems: Vec<ConfigProblem>) -> Result<(), SandboxError> {
    problems.truncate(MAX_PROBLEMS);
    if problems.is_empty() { Ok(()) } else { Err(SandboxError::Configuration { problems }) }
}

/// The packages that a lock file takes from the registry, as name and version. They become parts of paths, so they must be
/// what they are called.
pub(super) fn locked(folder: &Path) -> Result<Vec<(String, String)>, SandboxError> {
    let lock = read(folder, Path::new("Cargo.lock"))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    let text = |package: &Value, key: &str| {
        let text = package.get(key).and_then(Value::as_str).unwrap_or_default();
        let good = text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(plain);
        if good { Ok(text.to_owned()) } else { Err(super::compilation(format!("Cargo.lock: `{text}` is no {key}"))) }
    };
    let registry = packages(&lock).filter(|package| package.get("source").is_some());
    registry.map(|package| Ok((text(package, "name")?, text(package, "version")?))).collect()
}

fn packages(lock: &Table) -> impl Iterator<Item = &Value> {
    let unused = lock.get("patch").and_then(|patch| patch.get("unused"));
    [lock.get("package"), unused].into_iter().flatten().filter_map(Value::as_array).flatten()
}

fn foreign_packages(folder: &Path) -> Result<Vec<ConfigProblem>, SandboxError> {
    let lock = read(folder, Path::new("Cargo.lock"))?;
    // The one registry is the one that the guests' own crates come from.
    let own: Table = DEPS_LOCK.parse().map_err(|error| SandboxError::internal("the guests' own lock file", error))?;
    let registry = packages(&own).find_map(|package| package.get("source"));
    let foreign =
        packages(&lock).filter(|package| package.get("source").is_some_and(|source| Some(source) != registry));
    Ok(foreign
        .map(|package| {
            let name = package.get("name").and_then(Value::as_str).unwrap_or_default();
            let source = package.get("source").map(ToString::to_string).unwrap_or_default();
            problem("Cargo.lock", name, format!("it comes from {source}, not from the public registry"), PUBLISHED)
        })
        .collect())
}

const PUBLISHED: &str = "depend on a published version, or copy it into the project and name its `path`";

fn problem(file: &str, field: &str, message: String, suggestion: &str) -> ConfigProblem {
    ConfigProblem::new(format!("{file}: {field}"), message).suggest(suggestion)
}

/// One manifest under examination.
struct Manifest<'a> {
    root: &'a Path,
    relative: &'a Path,
    problems: &'a mut Vec<ConfigProblem>,
}

impl Manifest<'_> {
    fn whole(&mut self, table: &Table) {
        for (key, remedy) in [
            ("cargo-features", "remove it: what is not stable is not to be had here"),
            ("replace", "use `[patch.crates-io]` with a `path` in the project"),
        ] {
            if table.contains_key(key) {
                self.refuse(key, "it is not supported".to_owned(), remedy);
            }
        }
        self.dependencies_of(table, "");
        for (name, target) in tables(table.get("target")) {
            self.dependencies_of(target, &format!("target.{name}."));
        }
        if let Some(workspace) = table.get("workspace").and_then(Value::as_table) {
            self.dependencies_of(workspace, "workspace.");
        }
        for (source, patches) in tables(table.get("patch")) {
            if source != "crates-io" {
                self.refuse(
                    &format!("patch.{source}"),
                    "only what comes from the public registry can be patched".to_owned(),
                    PUBLISHED,
                );
            }
            self.dependencies(patches, &format!("patch.{source}"));
        }
        for name in ["package", "project"] {
            if let Some(package) = table.get(name).and_then(Value::as_table) {
                self.package(package);
            }
        }
    }

    fn package(&mut self, package: &Table) {
        if let Some(links) = package.get("links") {
            let message = format!("there is no native library {links} for a guest to be linked with");
            self.refuse("package.links", message, "remove `links`, or use a crate written in Rust");
        }
        if let Some(workspace) = package.get("workspace").and_then(Value::as_str) {
            self.inside("package.workspace", workspace);
        }
    }

    fn dependencies_of(&mut self, table: &Table, prefix: &str) {
        for key in DEPENDENCY_TABLES {
            if let Some(dependencies) = table.get(key).and_then(Value::as_table) {
                self.dependencies(dependencies, &format!("{prefix}{key}"));
            }
        }
    }

    fn dependencies(&mut self, dependencies: &Table, field: &str) {
        for (name, dependency) in tables_of(dependencies) {
            let field = format!("{field}.{name}");
            if let Some(key) = dependency.keys().find(|key| !DEPENDENCY_KEYS.contains(&key.as_str())) {
                self.refuse(
                    &field,
                    format!("`{key}` is not supported: only the public registry and the project itself are used"),
                    PUBLISHED,
                );
            }
            if let Some(path) = dependency.get("path").and_then(Value::as_str) {
                self.inside(&field, path);
            }
        }
    }

    /// A path must lead to something in the project.
    fn inside(&mut self, field: &str, path: &str) {
        let folder = self.root.join(self.relative);
        let target = folder.parent().map(|folder| folder.join(path)).and_then(|path| path.canonicalize().ok());
        if !target.is_some_and(|target| target.starts_with(self.root)) {
            let message = format!("`{path}` is not in the project");
            self.refuse(field, message, "copy it into the project, or name the folder that holds both");
        }
    }

    /// What is inherited from a workspace that the project is only a part of.
    fn inherited(&mut self, table: &Table, prefix: &str) {
        for (name, value) in tables_of(table) {
            let field = format!("{prefix}{name}");
            if value.get("workspace").and_then(Value::as_bool) == Some(true) {
                let message = "it is inherited from a workspace which is not part of the project".to_owned();
                self.refuse(&field, message, "name the folder of the workspace");
            }
            self.inherited(value, &format!("{field}."));
        }
    }

    fn refuse(&mut self, field: &str, message: String, suggestion: &str) {
        self.problems.push(problem(&self.relative.display().to_string(), field, message, suggestion));
    }
}

fn tables(value: Option<&Value>) -> impl Iterator<Item = (&String, &Table)> {
    value.and_then(Value::as_table).into_iter().flat_map(tables_of)
}

fn tables_of(table: &Table) -> impl Iterator<Item = (&String, &Table)> {
    table.iter().filter_map(|(name, value)| Some((name, value.as_table()?)))
}

/// The manifest's `[patch]` with paths that hold in a folder beside the project, whose own folder is called `project`.
pub(super) fn patches_beside(table: &Table, project: &str) -> Option<Value> {
    let mut patch = table.get("patch")?.clone();
    for (_, patches) in patch.as_table_mut()?.iter_mut() {
        for (_, dependency) in patches.as_table_mut()?.iter_mut() {
            if let Some(Value::String(path)) = dependency.get_mut("path") {
                *path = PathBuf::from("..").join(project).join(&*path).display().to_string();
            }
        }
    }
    Some(patch)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use std::fs;

    use super::*;

    fn check_text(manifest: &str, lock: Option<&str>) -> Result<(), SandboxError> {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("project");
        fs::create_dir_all(project.join("inner/src")).unwrap();
        fs::create_dir(folder.path().join("beside")).unwrap();
        fs::write(project.join("Cargo.toml"), manifest).unwrap();
        if let Some(lock) = lock {
            fs::write(project.join("Cargo.lock"), lock).unwrap();
        }
        check(&Staged::copy(&project, folder.path().join("copy"))?)
    }

    /// I4: whatever leads elsewhere is refused by name, in every table that can say it.
    #[test]
    fn i4_what_leads_elsewhere_is_refused() {
        for (manifest, field, said) in [
            ("[dependencies]\nx = { git = 'https://h/x' }", "dependencies.x", "`git` is not supported"),
            (
                "[dev-dependencies.x]\nversion = '1'\ngit = 'https://h/x'\nbranch = 'b'",
                "dev-dependencies.x",
                "is not supported",
            ),
            (
                "[build-dependencies]\nx = { version = '1', registry = 'mine' }",
                "build-dependencies.x",
                "`registry` is not",
            ),
            (
                "[dependencies]\nx = { version = '1', registry-index = 'https://h' }",
                "dependencies.x",
                "`registry-index` is not",
            ),
            ("[dependencies]\nx = { path = '../beside' }", "dependencies.x", "`../beside` is not in the project"),
            ("[dependencies]\nx = { path = '/' }", "dependencies.x", "`/` is not in the project"),
            (
                "[target.'cfg(all())'.dependencies]\nx.path = '../beside'",
                "target.cfg(all()).dependencies.x",
                "not in the project",
            ),
            (
                "[target.wasm32-wasip1.build_dependencies]\nx.git = 'h'",
                "target.wasm32-wasip1.build_dependencies.x",
                "`git` is not",
            ),
            ("[workspace.dependencies]\nx.git = 'https://h/x'", "workspace.dependencies.x", "`git` is not supported"),
            ("[patch.crates-io]\nserde = { git = 'https://h/x' }", "patch.crates-io.serde", "`git` is not supported"),
            ("[patch.crates-io]\nserde.path = '../beside'", "patch.crates-io.serde", "not in the project"),
            (
                "[patch.'https://h/x']\nserde.path = 'inner'",
                "patch.https://h/x",
                "only what comes from the public registry",
            ),
            ("[replace]\n'serde:1.0.0'.path = 'inner'", "replace", "is not supported"),
            ("cargo-features = ['x']", "cargo-features", "is not supported"),
            ("[package]\nlinks = 'ssl'", "package.links", "no native library \"ssl\""),
            ("[project]\nlinks = 'ssl'", "package.links", "no native library \"ssl\""),
            ("[package]\nworkspace = '..'", "package.workspace", "`..` is not in the project"),
            ("[package]\nversion.workspace = true", "package.version", "inherited from a workspace"),
        ] {
            match check_text(manifest, None) {
                Err(SandboxError::Configuration { problems }) => {
                    let all = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
                    assert!(
                        problems.iter().any(|one| one.field == format!("Cargo.toml: {field}")),
                        "{manifest}: {all}"
                    );
                    assert!(all.contains(said), "{manifest}: {all}");
                    assert!(problems.iter().all(|one| one.suggestion.is_some()));
                }
                other => panic!("{manifest}: {other:?}"),
            }
        }
        let good = "[package]\nname = 'p'\n[dependencies]\nserde = '1'\nx = { path = 'inner', package = 'y' }\n\
                    [target.'cfg(unix)'.dev-dependencies]\nz = { version = '1', default-features = false, optional = true }\n\
                    [patch.crates-io]\nserde.path = 'inner'\n[profile.release]\nlto = true\n[workspace]\n[features]\na = []";
        check_text(good, None).unwrap();
    }

    /// I4: what a lock file calls a crate does not open another place to the build.
    #[test]
    fn i4_names_in_a_lock_file_are_no_paths() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str, version: &str| {
            let lock = format!("[[package]]\nname = '{name}'\nversion = '{version}'\nsource = 'registry'");
            fs::write(folder.path().join("Cargo.lock"), lock).unwrap();
            locked(folder.path())
        };
        for (name, version) in
            [("/etc/passwd", ""), ("/etc/passwd", "1"), ("..", "1.0.0"), ("a/b", "1.0.0"), ("a", "1/.."), ("", "1")]
        {
            assert!(read(name, version).unwrap_err().to_string().contains("is no"), "{name} {version}");
        }
        let good = ("serde_json".to_owned(), "1.0.0-rc.1+x".to_owned());
        assert_eq!(read(&good.0, &good.1).unwrap(), [good]);
    }

    /// I4: a lock file is not a way around the manifest.
    #[test]
    fn i4_a_lock_file_names_the_registry_only() {
        check_text("", Some(DEPS_LOCK)).unwrap();
        for source in ["git+https://h/x#abc", "registry+https://h/index", "sparse+https://h/index/"] {
            for table in ["package", "patch.unused"] {
                let lock = format!("[[{table}]]\nname = 'x'\nversion = '1.0.0'\nsource = '{source}'");
                match check_text("", Some(&lock)) {
                    Err(SandboxError::Configuration { problems }) => assert_eq!(problems[0].field, "Cargo.lock: x"),
                    other => panic!("{other:?}"),
                }
            }
        }
        let wrong = |lock: &str| check_text("", Some(lock)).unwrap_err().to_string();
        assert!(wrong("[[package").contains("Cargo.lock: "));
        assert!(wrong(&" ".repeat(5 << 20)).contains("Cargo.lock is larger than 4 MB"));
    }
}
