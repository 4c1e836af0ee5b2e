//! A module that was read, compiled from its source if need be, screened and described; ready to be instantiated often.

use std::sync::{Arc, Mutex, PoisonError};

use wasm_sandbox_policy::{ResourceLimits, SandboxError};

use crate::{
    engine::{self, EngineProfile, LinkedModule, LoadedModule, Mode, compile},
    host_function::HostFunctions,
    lang,
    setup::Setup,
    source::Source,
    value::{Signature, Signatures},
};

/// Combinations of engine, mode and host functions that one module keeps ready.
const MAX_LINKED: usize = 16;

/// A module, cheap to clone and to share between threads.
#[derive(Clone)]
pub struct Module(Arc<Inner>);

struct Inner {
    name: String,
    wasm: Arc<[u8]>,
    signatures: Signatures,
    screened: engine::screen::Screened,
    setup: Setup,
    loaded: Mutex<Vec<(EngineProfile, Arc<dyn LoadedModule>)>>,
    linked: Mutex<Vec<Linked>>,
}

/// A module with its imports, for one engine, mode and set of host functions.
struct Linked {
    profile: EngineProfile,
    mode: Mode,
    functions: Arc<HostFunctions>,
    module: Arc<dyn LinkedModule>,
}

impl Module {
    /// Reads, compiles and screens a source. Blocks while a compiler runs.
    pub(crate) fn load(source: &Source, setup: &Setup) -> Result<Self, SandboxError> {
        let guest = lang::build(source, setup)?;
        let wasm: Arc<[u8]> = guest.into();
        let screened = engine::screen::screen(&wasm, &source.name())?;
        let signatures = Signatures::from_wasm(&wasm)?;
        Ok(Self(Arc::new(Inner {
            name: source.name(),
            wasm,
            signatures,
            screened,
            setup: setup.clone(),
            loaded: Mutex::default(),
            linked: Mutex::default(),
        })))
    }

    /// The file's name, or what stands for it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The functions that can be called.
    pub fn functions(&self) -> impl Iterator<Item = &Signature> {
        self.0.signatures.iter()
    }

    /// The signature of one function.
    ///
    /// # Errors
    /// [`SandboxError::FunctionNotFound`] with those that there are.
    pub fn function(&self, name: &str) -> Result<&Signature, SandboxError> {
        self.0.signatures.find(name)
    }

    /// Whether it is a program: something with a `_start`, which `execute` runs.
    pub fn is_program(&self) -> bool {
        self.0.screened.program
    }

    /// The binary module.
    pub fn wasm(&self) -> &[u8] {
        &self.0.wasm
    }

    /// What it imports, as module and name.
    pub fn imports(&self) -> &[(String, String)] {
        &self.0.screened.imports
    }

    /// Its first memory in bytes, if it has one.
    pub fn initial_memory_bytes(&self) -> u64 {
        self.0.screened.initial_memory
    }

    /// Compiles it ahead of its first instance, for the engine that `limits` asks for.
    pub(crate) fn prepare(&self, limits: &ResourceLimits) -> Result<(), SandboxError> {
        self.loaded(EngineProfile::new(limits, self.0.setup.max_sandboxes)).map(|_| ())
    }

    /// The module with its imports resolved; compiled on first use.
    pub(crate) fn linked(
        &self,
        limits: &ResourceLimits,
        mode: Mode,
        functions: &Arc<HostFunctions>,
    ) -> Result<Arc<dyn LinkedModule>, SandboxError> {
        let profile = EngineProfile::new(limits, self.0.setup.max_sandboxes);
        let same = |linked: &&Linked| {
            linked.profile == profile && linked.mode == mode && Arc::ptr_eq(&linked.functions, functions)
        };
        if let Some(linked) = self.0.linked.lock().unwrap_or_else(PoisonError::into_inner).iter().find(same) {
            return Ok(Arc::clone(&linked.module));
        }
        let module = self.loaded(profile)?.link(functions, mode)?;
        let mut all = self.0.linked.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_LINKED {
            all.remove(0);
        }
        all.push(Linked { profile, mode, functions: Arc::clone(functions), module: Arc::clone(&module) });
        Ok(module)
    }

    fn loaded(&self, profile: EngineProfile) -> Result<Arc<dyn LoadedModule>, SandboxError> {
        // Held while compiling: a second caller waits for the first instead of compiling again.
        let mut loaded = self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, module)) = loaded.iter().find(|(known, _)| *known == profile) {
            return Ok(Arc::clone(module));
        }
        let backend = engine::backend(profile)?;
        let module = compile::load(&*backend, &self.0.wasm, &self.0.setup)?;
        loaded.push((profile, Arc::clone(&module)));
        Ok(module)
    }
}

impl std::fmt::Debug for Module {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Module").field("name", &self.0.name).field("bytes", &self.0.wasm.len()).finish_non_exhaustive()
    }
}
