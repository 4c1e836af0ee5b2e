//! Components: linked, made and called like modules, with values instead of numbers.

mod handles;
mod imports;
mod typed;
mod values;

use std::{collections::HashMap, sync::Arc, time::Instant};

use wasm_sandbox_policy::{ConfigProblem, LimitHit, Plain, ResourceKind, ResourceLimits, SandboxError};
use wasmtime::component::{
    Component, ComponentExportIndex, Func, InstancePre, Linker, Resource, Val,
    types::{ComponentFunc, ComponentItem},
};

pub(super) use self::handles::Handles;
pub(crate) use self::typed::{ComponentLift, ComponentLower, TypedComponentFunction};
use self::values::{Lifting, Refused, lowered};
use super::{
    instance::{WasmtimeInstance, WasmtimeLinked, at_once},
    meter::{CpuMeter, Metered},
    places::Places,
    store::StoreData,
    trap,
    wasi2::{self, IncomingRequest, ResponseOutparam},
};
use crate::{
    engine::{EngineProfile, Failure, LinkedModule, LoadedModule, Mode, wasmtime::instance::LinkedCode},
    host::{MAX_HANDLES, Stop, http::Exchange},
    host_function::HostFunctions,
    value::{ComponentValue, Signature},
};

/// A loaded component.
pub(super) struct WasmtimeComponent {
    pub(super) engine: wasmtime::Engine,
    pub(super) component: Component,
    pub(super) profile: EngineProfile,
    pub(super) places: Arc<Places>,
}

/// Where a function is.
#[derive(Clone, Copy)]
struct Export {
    index: ComponentExportIndex,
    /// Whether what it gives back takes many times the bytes on the host that it takes in the guest.
    dense: bool,
}

/// How many times, at most: a flag is a bit there and a text here.
const DENSITY: usize = 64;

/// Where the functions of a component are.
pub(super) struct ComponentExports {
    /// By `interface#function`.
    functions: HashMap<String, Export>,
    /// Whether its functions need no stack of their own.
    pub(super) plain: bool,
    /// Places that a sandbox with it takes.
    pub(super) places: u32,
}

impl LoadedModule for WasmtimeComponent {
    fn link(
        &self,
        functions: &HostFunctions,
        imports: &[Signature],
        mode: Mode,
    ) -> Result<Arc<dyn LinkedModule>, SandboxError> {
        if let Some(function) = functions.iter().next() {
            let message =
                format!("`{}` does nothing: components import no such functions", Plain::line(&function.name));
            let problem = ConfigProblem::new("host_function", message).suggest("register a tool of the import's name");
            return Err(SandboxError::Configuration { problems: vec![problem] });
        }
        let mut linker = Linker::new(&self.engine);
        wasi2::add(&mut linker, mode)
            .and_then(|()| imports::add(&mut linker, imports, mode))
            .map_err(|error| SandboxError::internal("linking the host", error))?;
        let exports = Arc::new(self.exports(mode));
        let code = LinkedCode::Component(self.resolve(&linker)?, exports);
        let (engine, places) = (self.engine.clone(), Arc::clone(&self.places));
        Ok(Arc::new(WasmtimeLinked { engine, code, profile: self.profile, places, mode }))
    }
}

impl WasmtimeComponent {
    fn resolve(&self, linker: &Linker<StoreData>) -> Result<InstancePre<StoreData>, SandboxError> {
        linker.instantiate_pre(&self.component).map_err(|error| SandboxError::NotRunnable {
            what: "component".to_owned(),
            reason: Plain::line(&format!("an import cannot be provided: {error:#}")).at_most(2000).to_string(),
        })
    }

    /// Its memories and tables are the pool's, which has four tables for each memory.
    fn places_taken(&self) -> u32 {
        let needed = self.component.resources_required();
        needed.map_or(1, |needed| needed.num_memories.max(needed.num_tables.div_ceil(4))).max(1)
    }

    fn exports(&self, mode: Mode) -> ComponentExports {
        let mut found = HashMap::new();
        let component = &self.component;
        for (name, export) in component.component_type().exports(&self.engine) {
            let Some(index) = component.get_export_index(None, name) else { continue };
            match export.ty {
                ComponentItem::ComponentFunc(kind) => drop(found.insert(name.to_owned(), Export::new(index, &kind))),
                ComponentItem::ComponentInstance(interface) => {
                    for (function, item) in interface.exports(&self.engine) {
                        let ComponentItem::ComponentFunc(kind) = item.ty else { continue };
                        let index = component.get_export_index(Some(&index), function);
                        found.extend(index.map(|index| (format!("{name}#{function}"), Export::new(index, &kind))));
                    }
                }
                _ => {}
            }
        }
        // In blocking mode whatever it imports waits on the thread.
        let plain = mode == Mode::Blocking && !self.profile.deep();
        ComponentExports { functions: found, plain, places: self.places_taken() }
    }
}

impl Export {
    fn new(index: ComponentExportIndex, kind: &ComponentFunc) -> Self {
        Self { index, dense: kind.results().any(|kind| values::has_flag_lists(&kind)) }
    }
}

impl WasmtimeInstance {
    /// Bounds what the guest can have the host hold for it.
    pub(super) fn prepare_component(&mut self) {
        self.bound_carried(false);
        self.store.set_max_component_handles(MAX_HANDLES as usize);
    }

    /// What one call carries is held on both sides; the host holds about as much of it as the guest may have.
    pub(super) fn bound_carried(&mut self, dense: bool) {
        let memory = usize::try_from(self.store.data().host.limits().memory.as_u64()).unwrap_or(usize::MAX);
        self.store.set_hostcall_fuel(if dense { memory / DENSITY } else { memory });
    }

    pub(super) async fn call_component(
        &mut self,
        export: &str,
        arguments: Vec<ComponentValue>,
    ) -> Result<Option<ComponentValue>, Failure> {
        self.check_alive()?;
        let (function, dense) = self.component_function(export)?;
        self.bound_carried(dense);
        let limit = self.store.data().host.limits().input.as_u64();
        let types: Vec<_> = function.ty(&self.store).params().map(|(_, kind)| kind).collect();
        let arguments = lowered(arguments, &types, &mut self.handles, limit).map_err(|refused| match refused {
            Refused::Misfit(detail) => misfit(export, detail),
            Refused::Limit(hit) => Failure::Error(hit.into()),
        })?;
        let mut results = vec![Val::Bool(false); function.ty(&self.store).results().len()];
        self.before_entry()?;
        let _entered = self.enter();
        let (mode, cpu) = (self.mode, Arc::clone(&self.store.data().cpu));
        self.ended = true;
        let called = match self.is_plain() {
            true => here(&cpu, || function.call(&mut self.store, &arguments, &mut results)),
            false => drive(mode, cpu, function.call_async(&mut self.store, &arguments, &mut results)).await,
        };
        called.map_err(|error| self.component_failure(error))?;
        self.ended = false;
        let mut lifting = Lifting::new(&mut self.handles, limit);
        let lifted = results.pop().map(|value| lifting.lift(value)).transpose();
        lifted.map_err(|refused| Failure::Error(refused.into()))
    }

    pub(super) async fn answer_component(&mut self, export: &str, exchange: Exchange) -> Result<(), Failure> {
        self.check_alive()?;
        let (function, _) = self.component_function(export)?;
        let handle = function.typed::<(Resource<IncomingRequest>, Resource<ResponseOutparam>), ()>(&self.store);
        let handle = handle.map_err(|error| misfit(export, format!("it is no handler: {error:#}")))?;
        let (request, answer) = self.store.data_mut().host.accept(exchange).map_err(Failure::Stop)?;
        let arguments = (Resource::new_own(request), Resource::new_own(answer));
        self.before_entry()?;
        let _entered = self.enter();
        let (mode, cpu) = (self.mode, Arc::clone(&self.store.data().cpu));
        self.ended = true;
        let answered = drive(mode, cpu, handle.call_async(&mut self.store, arguments)).await;
        answered.map_err(|error| self.component_failure(error))?;
        self.ended = false;
        Ok(())
    }

    pub(super) async fn drop_component_handle(&mut self, handle: u64) -> Result<(), Failure> {
        self.check_alive()?;
        let resource = self.handles.take(handle).ok_or_else(|| misfit("drop", handles::unknown(handle)))?;
        self.before_entry()?;
        let _entered = self.enter();
        let (mode, cpu) = (self.mode, Arc::clone(&self.store.data().cpu));
        self.ended = true;
        let dropped = match self.is_plain() {
            true => here(&cpu, || resource.resource_drop(&mut self.store)),
            false => drive(mode, cpu, resource.resource_drop_async(&mut self.store)).await,
        };
        dropped.map_err(|error| self.component_failure(error))?;
        self.ended = false;
        Ok(())
    }

    fn is_plain(&self) -> bool {
        self.component.as_ref().is_some_and(|(_, exports)| exports.plain)
    }

    /// A function, and whether it is dense.
    pub(super) fn component_function(&mut self, export: &str) -> Result<(Func, bool), Failure> {
        let component = self.component.as_ref();
        let found = component.and_then(|(instance, exports)| Some((*instance, *exports.functions.get(export)?)));
        let function = found.and_then(|(instance, at)| Some((instance.get_func(&mut self.store, at.index)?, at.dense)));
        function.ok_or_else(|| {
            let function = export.to_owned();
            Failure::Error(SandboxError::FunctionNotFound { function, reason: None, available: Vec::new() })
        })
    }

    /// Why a component stopped.
    pub(super) fn component_failure(&mut self, error: wasmtime::Error) -> Failure {
        self.ended = true;
        match limit(&error.root_cause().to_string(), self.store.data().host.limits()) {
            Some(hit) => Failure::Stop(Stop::Limit(hit)),
            None => trap::failure(error, self.store.data()),
        }
    }
}

/// The limit that an error of the engine's tells of; it has no type for them that can be named.
fn limit(message: &str, limits: &ResourceLimits) -> Option<LimitHit> {
    let (memory, handles, instances) = (limits.memory.as_u64(), u64::from(MAX_HANDLES), u64::from(limits.instances));
    if message.contains("fuel allocated for hostcalls") {
        Some(LimitHit { kind: ResourceKind::Memory, used: memory, limit: memory })
    } else if message.contains("store handle limit exceeded") {
        Some(LimitHit { kind: ResourceKind::Handles, used: handles + 1, limit: handles })
    } else if message.contains("instance count too high") {
        Some(LimitHit { kind: ResourceKind::Instances, used: instances + 1, limit: instances })
    } else {
        None
    }
}

/// Enters a guest on this thread's own stack.
pub(super) fn here<T>(cpu: &CpuMeter, enter: impl FnOnce() -> wasmtime::Result<T>) -> wasmtime::Result<T> {
    cpu.begin_stretch(Instant::now());
    let outcome = enter();
    cpu.end_stretch();
    outcome
}

/// Brings what entered a guest to its end.
pub(super) async fn drive<T>(
    mode: Mode,
    cpu: Arc<CpuMeter>,
    entered: impl Future<Output = wasmtime::Result<T>> + Send,
) -> wasmtime::Result<T> {
    match mode {
        Mode::Blocking => here(&cpu, || at_once(entered)),
        Mode::Async => Metered::new(cpu, entered).await,
    }
}

fn misfit(export: &str, detail: String) -> Failure {
    Failure::Error(SandboxError::Signature { detail, signature: export.to_owned() })
}
