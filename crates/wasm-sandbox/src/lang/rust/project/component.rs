//! A project that cargo compiles to a component, which is taken as it is linked: its own WIT says what it exports.

use wasm_sandbox_policy::{ConfigProblem, SandboxError};

use super::{super::COMPONENT_TARGET, Build, Package, Target};
use crate::engine::compile::screen;

impl Build<'_> {
    /// Builds the program or the library.
    pub(super) fn component(&self, package: &Package, target: &Target) -> Result<Vec<u8>, SandboxError> {
        if target.is_program() {
            return self.make_program(package, target, &[]);
        }
        if !target.crate_types.iter().any(|kind| kind == "cdylib") {
            return Err(no_component("its type is not `cdylib`", "say `crate-type = [\"cdylib\"]` in its `[lib]`"));
        }
        let output = format!("{}.wasm", target.name.replace('-', "_"));
        let component = self.make(&self.folder_of(package)?, "--lib", &[], &output)?;
        let described = screen(&component, self.name, self.setup)?.component.unwrap_or_default();
        if described.is_empty() {
            let remedy = "export what a WIT names, with `wit-bindgen` or the crate `wasip2`";
            return Err(no_component("it exports nothing that could be called or served", remedy));
        }
        Ok(component)
    }
}

fn no_component(reason: &str, remedy: &str) -> SandboxError {
    let message = format!("the library does not become a component for `{COMPONENT_TARGET}`: {reason}");
    let problem = ConfigProblem::new("Cargo.toml: lib", message);
    let suggestion = format!("{remedy}; or leave the target out, and each `pub fn` can be called");
    SandboxError::Configuration { problems: vec![problem.suggest(suggestion)] }
}
