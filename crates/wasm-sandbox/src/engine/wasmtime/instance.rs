//! A running instance in a Wasmtime store.

use std::{any::Any, collections::HashMap, sync::Arc, time::Instant};

use futures::future::{BoxFuture, FutureExt};
use wasm_sandbox_policy::{FuelLimit, ResourceKind, SandboxError};
use wasmtime::{Extern, Func, Instance, InstancePre, ModuleExport, Store, TypedFunc, Val, WasmParams, WasmResults};

use super::{
    link::{engine_value, value},
    meter::Metered,
    store::{self, StoreData},
    ticker, trap,
};
use crate::{
    engine::{EngineProfile, EngineUsage, Failed, Failure, GuestInstance, InstanceStart, LinkedModule, Mode},
    host::Host,
    value::WasmValue,
};

/// A module with its imports.
pub(super) struct WasmtimeLinked {
    pub(super) engine: wasmtime::Engine,
    pub(super) instance: InstancePre<StoreData>,
    pub(super) profile: EngineProfile,
    pub(super) mode: Mode,
    pub(super) initializes: bool,
    pub(super) memory: Option<wasmtime::ModuleExport>,
}

impl LinkedModule for WasmtimeLinked {
    fn instantiate<'a>(&'a self, start: InstanceStart) -> BoxFuture<'a, Result<Box<dyn GuestInstance>, Failed>> {
        async move {
            if !ticker::available() {
                return Err(Failed::before_start(SandboxError::Unenforceable {
                    what: "deadlines".to_owned(),
                    reason: "no thread could be started".to_owned(),
                }));
            }
            let store = store::new(&self.engine, start.host, start.limits, self.mode);
            let mut instance = WasmtimeInstance {
                store,
                instance: None,
                functions: HashMap::new(),
                mode: self.mode,
                fuel: self.profile.fuel,
                initializes: self.initializes,
                memory: self.memory,
                instances: self.profile.instances,
                ended: false,
            };
            match instance.start(&self.instance).await {
                Ok(()) => Ok(Box::new(instance) as Box<dyn GuestInstance>),
                Err(failure) => {
                    let usage = instance.usage();
                    let host = Some(Box::new(instance.store.into_data().host));
                    Err(Failed { failure, host, usage })
                }
            }
        }
        .boxed()
    }
}

/// A store with one instance.
pub(crate) struct WasmtimeInstance {
    pub(super) store: Store<StoreData>,
    instance: Option<Instance>,
    functions: HashMap<String, (Func, usize)>,
    pub(super) mode: Mode,
    fuel: bool,
    /// Whether the module has an `_initialize` to call first.
    initializes: bool,
    /// How many instances can live at a time.
    instances: u32,
    /// Where its memory is among the exports.
    memory: Option<ModuleExport>,
    /// Whether the guest was stopped by force; it is not entered again.
    pub(super) ended: bool,
}

impl WasmtimeInstance {
    async fn start(&mut self, module: &InstancePre<StoreData>) -> Result<(), Failure> {
        self.begin(Instant::now()).map_err(Failure::Error)?;
        self.before_entry();
        let made = match self.mode {
            Mode::Blocking => {
                let cpu = Arc::clone(&self.store.data().cpu);
                cpu.begin_stretch();
                let made = module.instantiate(&mut self.store);
                cpu.end_stretch();
                made
            }
            Mode::Async => {
                let cpu = Arc::clone(&self.store.data().cpu);
                Metered::new(cpu, module.instantiate_async(&mut self.store)).await
            }
        };
        let instance = made.map_err(|error| self.start_failure(error))?;
        let memory = self.memory.and_then(|memory| instance.get_module_export(&mut self.store, &memory));
        self.store.data_mut().memory = memory.and_then(Extern::into_memory);
        self.instance = Some(instance);
        if self.initializes {
            self.invoke("_initialize", &[]).await?;
        }
        Ok(())
    }

    /// A refused first memory or table, or a full pool, comes as an ordinary error.
    fn start_failure(&mut self, error: wasmtime::Error) -> Failure {
        self.ended = true;
        if error.downcast_ref::<wasmtime::PoolConcurrencyLimitError>().is_some() {
            let limit = u64::from(self.instances);
            let kind = ResourceKind::Sandboxes;
            return Failure::Error(SandboxError::ResourceExhausted { kind, used: limit + 1, limit });
        }
        trap::failure(error, self.store.data())
    }

    /// What must hold whenever guest code is entered.
    #[inline]
    pub(super) fn before_entry(&mut self) {
        ticker::keep_awake();
        self.store.set_epoch_deadline(1);
    }

    /// An exported function and how many results it has.
    pub(super) fn function(&mut self, export: &str) -> Option<(Func, usize)> {
        if let Some(function) = self.functions.get(export) {
            return Some(*function);
        }
        let function = self.instance?.get_func(&mut self.store, export)?;
        let results = function.ty(&self.store).results().len();
        self.functions.insert(export.to_owned(), (function, results));
        Some((function, results))
    }

    /// An exported function of these types.
    pub(super) fn typed_function<P: WasmParams, R: WasmResults>(&mut self, export: &str) -> Option<TypedFunc<P, R>> {
        self.instance?.get_typed_func(&mut self.store, export).ok()
    }

    async fn call(&mut self, function: Func, arguments: &[Val], results: &mut [Val]) -> wasmtime::Result<()> {
        self.before_entry();
        let cpu = Arc::clone(&self.store.data().cpu);
        match self.mode {
            Mode::Blocking => {
                cpu.begin_stretch();
                let outcome = function.call(&mut self.store, arguments, results);
                cpu.end_stretch();
                outcome
            }
            Mode::Async => {
                // A caller that drops the future leaves the guest in the middle of something: it is never entered again.
                self.ended = true;
                let outcome = Metered::new(cpu, function.call_async(&mut self.store, arguments, results)).await;
                self.ended = false;
                self.store.data_mut().turn.end();
                outcome
            }
        }
    }
}

impl GuestInstance for WasmtimeInstance {
    fn begin(&mut self, now: Instant) -> Result<(), SandboxError> {
        if self.fuel {
            let fuel = match self.store.data().limits.fuel {
                FuelLimit::Units(units) => units,
                _ => u64::MAX,
            };
            self.store.set_fuel(fuel).map_err(|error| SandboxError::internal("setting fuel", error))?;
        }
        let data = self.store.data_mut();
        data.cpu.reset();
        data.timeline.reset();
        data.limiter.begin();
        data.started = Some(now);
        data.ticked = true;
        data.host.begin(now);
        Ok(())
    }

    fn invoke<'a>(
        &'a mut self,
        export: &'a str,
        arguments: &'a [WasmValue],
    ) -> BoxFuture<'a, Result<Option<WasmValue>, Failure>> {
        async move {
            if self.ended {
                let reason = "it was stopped by force".to_owned();
                return Err(Failure::Error(SandboxError::Ended { reason }));
            }
            let Some((function, count)) = self.function(export) else {
                let function = export.to_owned();
                return Err(Failure::Error(SandboxError::FunctionNotFound { function, available: Vec::new() }));
            };
            let (mut inputs, mut outputs) = ([const { Val::I32(0) }; 8], [Val::I32(0)]);
            let long: Vec<Val>;
            let arguments = match inputs.get_mut(..arguments.len()) {
                Some(inputs) => {
                    inputs.iter_mut().zip(arguments).for_each(|(input, argument)| *input = engine_value(*argument));
                    &*inputs
                }
                None => {
                    long = arguments.iter().copied().map(engine_value).collect();
                    &long
                }
            };
            let results = outputs.get_mut(..count).unwrap_or_default();
            match self.call(function, arguments, results).await {
                Ok(()) => Ok(results.first().and_then(value)),
                Err(error) => {
                    self.ended = true;
                    Err(trap::failure(error, self.store.data()))
                }
            }
        }
        .boxed()
    }

    fn memory(&mut self) -> &mut [u8] {
        match self.store.data().memory {
            Some(memory) => memory.data_mut(&mut self.store),
            None => &mut [],
        }
    }

    fn host(&mut self) -> &mut Host {
        &mut self.store.data_mut().host
    }

    fn usage(&mut self) -> EngineUsage {
        let left = if self.fuel { self.store.get_fuel().ok() } else { None };
        let data = self.store.data();
        let given = match data.limits.fuel {
            FuelLimit::Units(units) => Some(units),
            _ => None,
        };
        EngineUsage {
            cpu: data.cpu.finished(),
            wall: data.started.map(|started| started.elapsed()).unwrap_or_default(),
            fuel: given.zip(left).map(|(given, left)| given.saturating_sub(left)),
            memory_bytes: data.limiter.memory(),
            memory_peak_bytes: data.limiter.peak(),
            table_elements: data.limiter.table_elements(),
            timeline: data.timeline.points().to_vec(),
            limit_hits: data.limiter.hits().to_vec(),
        }
    }

    fn ended(&self) -> bool {
        self.ended
    }

    fn end(&mut self) {
        self.ended = true;
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

impl Failed {
    fn before_start(error: SandboxError) -> Self {
        Self { failure: Failure::Error(error), host: None, usage: EngineUsage::default() }
    }
}
