//! Components: linked, made and called like modules, with values instead of numbers.

mod handles;
mod imports;
mod typed;
mod values;

use std::{collections::HashMap, sync::Arc, time::Instant};

use wasm_sandbox_policy::{LimitHit, Plain, ResourceKind, ResourceLimits, SandboxError};
use wasmtime::component::{Component, ComponentExportIndex, Func, InstancePre, Linker, Val, types::ComponentItem};

pub(super) use self::handles::Handles;
pub(crate) use self::typed::{ComponentLift, ComponentLower, TypedComponentFunction};
use self::values::{Lifting, lowered};
use super::{
    instance::{WasmtimeInstance, WasmtimeLinked, at_once},
    meter::{CpuMeter, Metered},
    places::Places,
    store::StoreData,
    trap, wasi2,
};
use crate::{
    engine::{EngineProfile, Failure, LinkedModule, LoadedModule, Mode, wasmtime::instance::LinkedCode},
    host::{MAX_HANDLES, Stop},
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

/// Where the functions of a component are.
pub(super) struct ComponentExports {
    /// By `interface#function`.
    functions: HashMap<String, ComponentExportIndex>,
    /// Whether nothing that it imports can wait.
    plain: bool,
}

impl LoadedModule for WasmtimeComponent {
    fn link(
        &self,
        _: &HostFunctions,
        imports: &[Signature],
        mode: Mode,
    ) -> Result<Arc<dyn LinkedModule>, SandboxError> {
        let mut linker = Linker::new(&self.engine);
        wasi2::add(&mut linker)
            .and_then(|()| imports::add(&mut linker, imports, mode))
            .map_err(|error| SandboxError::internal("linking the host", error))?;
        let code = LinkedCode::Component(self.resolve(&linker)?, Arc::new(self.exports()));
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

    fn exports(&self) -> ComponentExports {
        let mut found = HashMap::new();
        let component = &self.component;
        for (name, export) in component.component_type().exports(&self.engine) {
            let Some(index) = component.get_export_index(None, name) else { continue };
            match export.ty {
                ComponentItem::ComponentFunc(_) => drop(found.insert(name.to_owned(), index)),
                ComponentItem::ComponentInstance(interface) => {
                    for (function, _) in interface.exports(&self.engine) {
                        let index = component.get_export_index(Some(&index), function);
                        found.extend(index.map(|index| (format!("{name}#{function}"), index)));
                    }
                }
                _ => {}
            }
        }
        let plain = component.component_type().imports(&self.engine).len() == 0;
        ComponentExports { functions: found, plain }
    }
}

impl WasmtimeInstance {
    /// Bounds what the guest can have the host hold for it.
    pub(super) fn prepare_component(&mut self) {
        // What one call carries is held on both sides; the host never holds more of it than the guest may.
        let memory = usize::try_from(self.store.data().limits.memory.as_u64()).unwrap_or(usize::MAX);
        self.store.set_hostcall_fuel(memory);
        self.store.set_max_component_handles(MAX_HANDLES as usize);
    }

    pub(super) async fn call_component(
        &mut self,
        export: &str,
        arguments: Vec<ComponentValue>,
    ) -> Result<Option<ComponentValue>, Failure> {
        self.check_alive()?;
        let function = self.component_function(export)?;
        let arguments = lowered(arguments, &mut self.handles).map_err(|detail| misfit(export, detail))?;
        let mut results = vec![Val::Bool(false); function.ty(&self.store).results().len()];
        self.before_entry()?;
        // No call of a tool outlives the guest's own, not even when the caller drops the future.
        let _under_way = self.store.data().host.tools_under_way();
        let (mode, cpu) = (self.mode, Arc::clone(&self.store.data().cpu));
        self.ended = true;
        let called = drive(mode, cpu, function.call_async(&mut self.store, &arguments, &mut results)).await;
        self.store.data_mut().turn.end();
        called.map_err(|error| self.component_failure(error))?;
        self.ended = false;
        let limit = self.store.data().limits.input.as_u64();
        let mut lifting = Lifting::new(&mut self.handles, limit);
        let lifted = results.pop().map(|value| lifting.lift(value)).transpose();
        lifted.map_err(|refused| Failure::Error(refused.into()))
    }

    pub(super) async fn drop_component_handle(&mut self, handle: u64) -> Result<(), Failure> {
        self.check_alive()?;
        let resource = self.handles.take(handle).ok_or_else(|| misfit("drop", handles::unknown(handle)))?;
        self.before_entry()?;
        let (mode, cpu) = (self.mode, Arc::clone(&self.store.data().cpu));
        self.ended = true;
        let dropped = drive(mode, cpu, resource.resource_drop_async(&mut self.store)).await;
        self.store.data_mut().turn.end();
        dropped.map_err(|error| self.component_failure(error))?;
        self.ended = false;
        Ok(())
    }

    pub(super) fn check_alive(&self) -> Result<(), Failure> {
        if self.ended {
            let reason = "it was stopped by force".to_owned();
            return Err(Failure::Error(SandboxError::Ended { reason }));
        }
        Ok(())
    }

    pub(super) fn component_function(&mut self, export: &str) -> Result<Func, Failure> {
        let found =
            self.component.as_ref().and_then(|(instance, exports)| Some((*instance, *exports.functions.get(export)?)));
        let function = found.and_then(|(instance, index)| instance.get_func(&mut self.store, index));
        function.ok_or_else(|| {
            let function = export.to_owned();
            Failure::Error(SandboxError::FunctionNotFound { function, reason: None, available: Vec::new() })
        })
    }

    /// Why a component stopped.
    pub(super) fn component_failure(&mut self, error: wasmtime::Error) -> Failure {
        self.ended = true;
        match limit(&error.root_cause().to_string(), &self.store.data().limits) {
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

/// Brings what entered a guest to its end.
pub(super) async fn drive<T>(
    mode: Mode,
    cpu: Arc<CpuMeter>,
    entered: impl Future<Output = wasmtime::Result<T>> + Send,
) -> wasmtime::Result<T> {
    match mode {
        Mode::Blocking => {
            cpu.begin_stretch(Instant::now());
            let outcome = at_once(entered);
            cpu.end_stretch();
            outcome
        }
        Mode::Async => Metered::new(cpu, entered).await,
    }
}

fn misfit(export: &str, detail: String) -> Failure {
    Failure::Error(SandboxError::Signature { detail, signature: export.to_owned() })
}
