//! A project's program, with the functions of the library that is in the same package: one module that is run or called.

use std::{fs, path::Path};

use toml::{Table, Value};
use wasm_sandbox_policy::SandboxError;

use super::{Build, Package, Target, failed, manifest, shown, table, text};
use crate::{
    lang::rust::{ALLOCATOR, Shim, compilation},
    value::{LeftOut, Signatures},
};

/// The crate through which the functions' shim finds those that it needs: the package's own may have other versions of
/// them, or other features.
const SUPPORT: &str = "wasm-sandbox-guest";
const SUPPORT_CODE: &str = "wasm_sandbox_guest";

/// Why functions of a library are not there.
const UNEXPORTED: &str = "the library's functions do not compile beside the program when they are exported, for instance since a type has none \
     of serde's traits";

impl Build<'_> {
    /// Builds the program, with its library's functions if they are wanted; none when they cannot be exported along with it,
    /// which the compiler alone can tell.
    pub(super) fn program(&self, package: &Package, target: &Target) -> Result<Option<Vec<u8>>, SandboxError> {
        let library = package.targets.iter().find(|target| target.is_library());
        let Some(library) = library else { return self.make_program(package, target, &[]).map(Some) };
        let shim = self.shim(library, &format!("::{SUPPORT_CODE}"))?;
        if self.functions && !shim.functions.is_empty() {
            return self.with_functions(package, target, library, &shim);
        }
        let guest = self.make_program(package, target, &[])?;
        let unexported = shim.functions.into_iter().map(|function| LeftOut::new(function.name, UNEXPORTED));
        Signatures::append_section(&guest, Vec::new(), shim.left_out.into_iter().chain(unexported).collect()).map(Some)
    }

    pub(super) fn make_program(
        &self,
        package: &Package,
        target: &Target,
        flags: &[String],
    ) -> Result<Vec<u8>, SandboxError> {
        let folder = self.folder_of(package)?;
        self.make(&folder, &format!("--bin={}", target.name), flags, &format!("{}.wasm", target.name))
    }

    /// Appends the shim to the program's own source, which sees the library, and nothing that is in it changes its place.
    fn with_functions(
        &self,
        package: &Package,
        target: &Target,
        library: &Target,
        shim: &Shim,
    ) -> Result<Option<Vec<u8>>, SandboxError> {
        let folder = self.folder_of(package)?;
        let source = self.work.path().join(self.relative(&target.src_path)?);
        self.linkable(&folder, library)?;
        if shim.json() {
            self.support(&folder)?;
        }
        let program = fs::read_to_string(&source).map_err(failed)?;
        let name = library.name.replace('-', "_");
        let appended = format!(
            "{program}\n#[doc(hidden)] #[allow(warnings)] mod {SUPPORT_CODE}_functions {{ pub use ::{name}::*; {} }}\n",
            shim.code
        );
        self.write(&source, &appended)?;
        let exports = shim.functions.iter().map(|function| format!("-Clink-arg=--export={}", function.export));
        let allocator = ALLOCATOR.map(|name| format!("-Clink-arg=--export-if-defined={name}"));
        // A program may forbid itself what exporting takes.
        let flags: Vec<String> = exports.chain(allocator).chain(["--cap-lints=warn".to_owned()]).collect();
        let own = program.lines().count();
        let place = shown(&self.relative(&target.src_path)?);
        let is_shim = |found: &str| {
            let line = found.strip_prefix(&format!("{place}:")).and_then(|rest| rest.split(':').next()?.parse().ok());
            line.is_some_and(|line: usize| line > own)
        };
        match self.make_program(package, target, &flags) {
            Ok(guest) => Signatures::append_section(&guest, shim.functions.clone(), shim.left_out.clone()).map(Some),
            Err(SandboxError::Compilation { diagnostics, .. }) if Shim::is_to_blame(&diagnostics, is_shim) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Gives a package one dependency more, which has all that the shim needs.
    fn support(&self, package: &Path) -> Result<(), SandboxError> {
        let folder = self.work.path().join(SUPPORT);
        fs::create_dir(&folder).map_err(failed)?;
        let dependencies = table([("serde", text("1")), ("serde_json", text("1"))]);
        let own = table([("name", text(SUPPORT)), ("version", text("0.0.0")), ("edition", text("2024"))]);
        let manifest = table([
            ("package", Value::Table(own)),
            ("lib", Value::Table(table([("path", text("lib.rs"))]))),
            ("dependencies", Value::Table(dependencies)),
        ]);
        self.write(&folder.join("Cargo.toml"), &manifest.to_string())?;
        self.write(&folder.join("lib.rs"), "pub use {serde, serde_json};\n")?;
        let mut manifest = manifest::read(package, Path::new("Cargo.toml"))?;
        let dependencies = manifest.entry("dependencies").or_insert_with(|| Value::Table(Table::new()));
        let dependencies = dependencies.as_table_mut();
        let dependencies =
            dependencies.ok_or_else(|| compilation("Cargo.toml: `dependencies` is no table".to_owned()))?;
        let path = text(&folder.display().to_string());
        dependencies.insert(SUPPORT.to_owned(), Value::Table(table([("path", path)])));
        self.write(&package.join("Cargo.toml"), &manifest.to_string())
    }
}
