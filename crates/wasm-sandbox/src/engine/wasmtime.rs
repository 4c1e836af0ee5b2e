//! The default engine: Wasmtime with the pooling allocator, copy-on-write start and epochs.

mod component;
mod config;
mod door;
mod image;
mod instance;
mod limiter;
mod link;
mod meter;
mod places;
mod store;
mod ticker;
mod trap;
mod turn;
mod typed;
mod wait;
mod wasi2;

use std::{
    collections::HashMap,
    fs::File,
    hash::{Hash, Hasher},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use wasm_sandbox_policy::SandboxError;
use wasmtime::component::Component;
pub(crate) use wasmtime::{WasmParams, WasmResults};

use self::{component::WasmtimeComponent, link::Imports, places::Places};
pub(crate) use self::{
    component::{ComponentLift, ComponentLower, TypedComponentFunction},
    instance::WasmtimeInstance,
    typed::TypedFunction,
    wait::executor,
};
use super::{Backend, EngineProfile, LinkedModule, LoadedModule, Mode, screen};
use crate::{host_function::HostFunctions, image::strip::GLOBAL, value::Signature};

/// Engines live as long as the process: a pool of address space is costly to make and free to keep.
static BACKENDS: LazyLock<Mutex<HashMap<EngineProfile, Arc<WasmtimeBackend>>>> = LazyLock::new(Mutex::default);

/// Distinct profiles in one process. Each holds its address space for good.
const MAX_PROFILES: usize = 16;

/// The engine for a profile; engines are shared by everything in the process.
///
/// # Errors
/// [`SandboxError::Unenforceable`] when the machine cannot give it its address space.
pub(crate) fn backend(profile: EngineProfile) -> Result<Arc<dyn Backend>, SandboxError> {
    let mut backends = BACKENDS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(backend) = backends.get(&profile) {
        return Ok(Arc::clone(backend) as Arc<dyn Backend>);
    }
    if backends.len() >= MAX_PROFILES {
        return Err(SandboxError::Unenforceable {
            what: format!("a stack of {} bytes", profile.stack_bytes),
            reason: format!("this process already uses {MAX_PROFILES} different combinations of stack size and fuel"),
        });
    }
    // Interpreters take no part of the pools.
    let first = backends.keys().all(|known| known.images);
    let (engine, places) = config::engine(profile, first)?;
    // Interpreters have memories of their own.
    let places = Arc::new(Places::new(if profile.images { u32::MAX } else { places }));
    let backend = Arc::new(WasmtimeBackend { engine, profile, places });
    ticker::watch(&backend.engine);
    backends.insert(profile, Arc::clone(&backend));
    Ok(backend)
}

/// Wasmtime with one profile.
struct WasmtimeBackend {
    engine: wasmtime::Engine,
    profile: EngineProfile,
    places: Arc<Places>,
}

impl Backend for WasmtimeBackend {
    fn fingerprint(&self) -> Vec<u8> {
        let mut hasher = Fingerprint(blake3::Hasher::new());
        env!("CARGO_PKG_VERSION").hash(&mut hasher);
        self.engine.precompile_compatibility_hash().hash(&mut hasher);
        hasher.0.finalize().as_bytes().to_vec()
    }

    fn compile(&self, wasm: &[u8]) -> Result<Vec<u8>, String> {
        let compiled = match screen::is_component(wasm) {
            true => self.engine.precompile_component(wasm),
            false => self.engine.precompile_module(wasm),
        };
        compiled.map_err(|error| format!("{error:#}"))
    }

    fn load(&self, artifact: &[u8]) -> Result<Arc<dyn LoadedModule>, SandboxError> {
        // SAFETY: the bytes come straight from `compile` in a child of this process or from the cache, which checked their
        // keyed MAC over a private copy; both paths end in memory that nothing else can write.
        #[expect(unsafe_code, reason = "the one place that loads compiled code")]
        match wasmtime::Engine::detect_precompiled(artifact) {
            Some(wasmtime::Precompiled::Component) => {
                self.loaded_component(unsafe { Component::deserialize(&self.engine, artifact) })
            }
            _ => self.loaded(unsafe { wasmtime::Module::deserialize(&self.engine, artifact) }),
        }
    }

    fn load_file(&self, artifact: File) -> Result<Arc<dyn LoadedModule>, SandboxError> {
        // SAFETY: the file comes straight from `compile` or from the cache, which has looked whether it is what was kept, in
        // a directory that nobody else can write to; it is read-only and never written again.
        #[expect(unsafe_code, reason = "the one place that loads compiled code")]
        let module = unsafe { wasmtime::Module::deserialize_open_file(&self.engine, artifact) };
        self.loaded(module)
    }
}

impl WasmtimeBackend {
    fn loaded_component(&self, component: wasmtime::Result<Component>) -> Result<Arc<dyn LoadedModule>, SandboxError> {
        // How many memories and tables there are in all of it is known only now.
        let component = component.map_err(|error| SandboxError::NotRunnable {
            what: "component".to_owned(),
            reason: format!("{error:#}"),
        })?;
        let (engine, places) = (self.engine.clone(), Arc::clone(&self.places));
        Ok(Arc::new(WasmtimeComponent { engine, component, profile: self.profile, places }))
    }

    fn loaded(&self, module: wasmtime::Result<wasmtime::Module>) -> Result<Arc<dyn LoadedModule>, SandboxError> {
        let module = module.map_err(|error| SandboxError::internal("loading compiled code", error))?;
        let (engine, places) = (self.engine.clone(), Arc::clone(&self.places));
        Ok(Arc::new(WasmtimeModule { engine, module, profile: self.profile, places }))
    }
}

/// A loaded module.
struct WasmtimeModule {
    engine: wasmtime::Engine,
    module: wasmtime::Module,
    profile: EngineProfile,
    places: Arc<Places>,
}

impl LoadedModule for WasmtimeModule {
    fn link(
        &self,
        functions: &HostFunctions,
        _: &[Signature],
        mode: Mode,
    ) -> Result<Arc<dyn LinkedModule>, SandboxError> {
        let imports = Imports::new(&self.engine, functions, mode, self.profile.images)?;
        let code = instance::LinkedCode::Module(instance::LinkedModuleCode {
            instance: imports.resolve(&self.module)?,
            initializes: self.module.get_export("_initialize").is_some(),
            globals: self.globals(),
        });
        let (engine, places) = (self.engine.clone(), Arc::clone(&self.places));
        Ok(Arc::new(instance::WasmtimeLinked { engine, code, profile: self.profile, places, mode }))
    }
}

impl WasmtimeModule {
    /// The globals that can change, as stripping has exported them.
    fn globals(&self) -> Vec<wasmtime::ModuleExport> {
        (0..).map_while(|place| self.module.get_export_index(&format!("{GLOBAL}{place}"))).collect()
    }
}

/// A hasher that is the same in every process and collision-free, which the standard one is not.
struct Fingerprint(blake3::Hasher);

impl Hasher for Fingerprint {
    fn finish(&self) -> u64 {
        let hash = self.0.finalize();
        hash.as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }
}
