//! Compiled code with what it was linked with so far.

use std::sync::Arc;

use wasm_sandbox_policy::SandboxError;

use super::{LinkedModule, LoadedModule, Mode};
use crate::{host_function::HostFunctions, value::Signature};

/// Combinations of mode and host functions that one module keeps ready.
const MAX_LINKED: usize = 16;

/// Compiled code that is linked once for each mode and set of host functions.
pub(crate) struct Loaded {
    module: Arc<dyn LoadedModule>,
    /// Functions that tools are to serve.
    imports: Vec<Signature>,
    linked: Vec<Linked>,
}

struct Linked {
    mode: Mode,
    functions: Arc<HostFunctions>,
    module: Arc<dyn LinkedModule>,
}

impl Loaded {
    pub(crate) fn new(module: Arc<dyn LoadedModule>, imports: Vec<Signature>) -> Self {
        Self { module, imports, linked: Vec::new() }
    }

    /// The code with its imports resolved.
    pub(crate) fn linked(
        &mut self,
        mode: Mode,
        functions: &Arc<HostFunctions>,
    ) -> Result<Arc<dyn LinkedModule>, SandboxError> {
        let same = |linked: &&Linked| linked.mode == mode && Arc::ptr_eq(&linked.functions, functions);
        if let Some(linked) = self.linked.iter().find(same) {
            return Ok(Arc::clone(&linked.module));
        }
        let module = self.module.link(functions, &self.imports, mode)?;
        if self.linked.len() >= MAX_LINKED {
            self.linked.remove(0);
        }
        self.linked.push(Linked { mode, functions: Arc::clone(functions), module: Arc::clone(&module) });
        Ok(module)
    }
}
