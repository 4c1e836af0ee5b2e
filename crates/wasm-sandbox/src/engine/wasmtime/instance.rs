//! A running instance in a Wasmtime store.

use std::{any::Any, collections::HashMap, sync::Arc, time::Instant};

use futures::future::{BoxFuture, FutureExt};
use wasm_sandbox_policy::{FuelLimit, ResourceKind, SandboxError};
use wasmtime::{Extern, Func, Instance, InstancePre, ModuleExport, Store, TypedFunc, Val, WasmParams, WasmResults};

use super::{
    component::{ComponentExports, Handles, drive, here},
    image,
    link::{MEMORY, engine_value, value},
    meter::{CpuMeter, Metered},
    places::{Place, Places},
    store::{self, StoreData},
    ticker, trap,
    turn::Entered,
};
use crate::{
    engine::{
        EngineProfile, EngineUsage, Failed, Failure, GuestInstance, InstanceStart, LinkedModule, Mode, Prompt,
        at_first_poll,
    },
    host::{Host, UnderWay, http::Exchange},
    image::{Beginning, Changes},
    value::{ComponentValue, WasmValue},
};

/// A module or component with its imports.
pub(super) struct WasmtimeLinked {
    pub(super) engine: wasmtime::Engine,
    pub(super) code: LinkedCode,
    pub(super) profile: EngineProfile,
    pub(super) places: Arc<Places>,
    pub(super) mode: Mode,
}

pub(super) enum LinkedCode {
    Module(LinkedModuleCode),
    Component(wasmtime::component::InstancePre<StoreData>, Arc<ComponentExports>),
}

impl LinkedCode {
    /// The places that one sandbox with it takes.
    fn places(&self) -> u32 {
        match self {
            Self::Module(_) => 1,
            Self::Component(_, exports) => exports.places,
        }
    }
}

pub(super) struct LinkedModuleCode {
    pub(super) instance: InstancePre<StoreData>,
    pub(super) initializes: bool,
    pub(super) globals: Vec<ModuleExport>,
}

impl LinkedModule for WasmtimeLinked {
    fn instantiate<'a>(&'a self, start: InstanceStart) -> Prompt<'a, Box<dyn GuestInstance>, Failed> {
        let Some(place) = self.places.take(self.code.places()) else {
            let failure = Failure::Error(too_many(self.profile.instances));
            let failed = Failed { failure, host: Some(start.host), usage: EngineUsage::default() };
            return std::future::ready(Err(failed)).left_future();
        };
        let beginning = start.beginning.clone();
        let store = store::new(&self.engine, start, self.mode);
        let mut instance = Box::new(WasmtimeInstance {
            store,
            instance: None,
            component: None,
            handles: Handles::default(),
            functions: HashMap::new(),
            mode: self.mode,
            fuel: self.profile.fuel,
            deep: self.profile.deep(),
            globals: Vec::new(),
            memory: None,
            instances: self.profile.instances,
            _place: place,
            ended: false,
        });
        prompt(self.mode, move || async move {
            match instance.start(self, beginning).await {
                Ok(()) => Ok(instance as Box<dyn GuestInstance>),
                Err(failure) => {
                    let usage = instance.usage();
                    let host = Some(instance.store.into_data().host);
                    Err(Failed { failure, host, usage })
                }
            }
        })
    }
}

/// A store with one instance.
pub(crate) struct WasmtimeInstance {
    pub(super) store: Store<StoreData>,
    /// There once it is made, of a module or of a component.
    instance: Option<Instance>,
    pub(super) component: Option<(wasmtime::component::Instance, Arc<ComponentExports>)>,
    /// What a component gave out that the caller knows by numbers.
    pub(super) handles: Handles,
    functions: HashMap<String, (Func, usize)>,
    pub(super) mode: Mode,
    fuel: bool,
    /// Whether it runs on a stack of its own even in blocking mode.
    pub(super) deep: bool,
    /// Those that can change, where the module exports them for images.
    globals: Vec<wasmtime::Global>,
    /// There if it began with an image.
    memory: Option<image::Memory>,
    /// How many instances can live at a time.
    instances: u32,
    /// Goes after the store.
    _place: Place,
    /// Whether the guest was stopped by force; it is not entered again.
    pub(super) ended: bool,
}

impl WasmtimeInstance {
    /// A run begins at `now` whose accounts are empty.
    fn announce(&mut self, now: Instant) -> Result<(), SandboxError> {
        if self.fuel {
            let fuel = match self.store.data().host.limits().fuel {
                FuelLimit::Units(units) => units,
                _ => u64::MAX,
            };
            self.store.set_fuel(fuel).map_err(|error| SandboxError::internal("setting fuel", error))?;
        }
        let data = self.store.data_mut();
        data.started = Some(now);
        data.ticked = true;
        Ok(())
    }

    async fn start(&mut self, linked: &WasmtimeLinked, beginning: Option<Beginning>) -> Result<(), Failure> {
        let began = self.store.data().host.made();
        self.announce(began).map_err(Failure::Error)?;
        self.before_entry()?;
        // From an image nothing of the guest's runs yet.
        let _entered = beginning.is_none().then(|| self.enter());
        match &linked.code {
            LinkedCode::Module(module) => self.start_module(module, beginning, began).await,
            LinkedCode::Component(component, exports) => {
                self.prepare_component();
                let cpu = self.cpu();
                let made = match exports.plain {
                    true => here(&cpu, || component.instantiate(&mut self.store)),
                    false => drive(self.mode, cpu, component.instantiate_async(&mut self.store)).await,
                };
                let instance = made.map_err(|error| self.start_failure(error))?;
                self.component = Some((instance, Arc::clone(exports)));
                Ok(())
            }
        }
    }

    async fn start_module(
        &mut self,
        module: &LinkedModuleCode,
        beginning: Option<Beginning>,
        began: Instant,
    ) -> Result<(), Failure> {
        let made = match (&beginning, self.mode) {
            // A module that has images has no start function, so nothing of the guest's runs here.
            (Some(beginning), _) => {
                let make = || at_once(module.instance.instantiate_async(&mut self.store));
                let (made, memory) = image::beginning_with(beginning, make);
                self.memory = memory;
                made
            }
            (None, Mode::Blocking) => {
                self.store.data().cpu.begin_stretch(began);
                let made = match self.deep {
                    true => at_once(module.instance.instantiate_async(&mut self.store)),
                    false => module.instance.instantiate(&mut self.store),
                };
                self.store.data().cpu.end_stretch();
                made
            }
            (None, Mode::Async) => Metered::new(self.cpu(), module.instance.instantiate_async(&mut self.store)).await,
        };
        let instance = made.map_err(|error| self.start_failure(error))?;
        for global in &module.globals {
            self.globals.extend(instance.get_module_export(&mut self.store, global).and_then(Extern::into_global));
        }
        self.instance = Some(instance);
        match beginning {
            Some(beginning) => self.restore(beginning.globals()),
            None if module.initializes => self.invoke("_initialize", &[]).await.map(|_| ()),
            None => Ok(()),
        }
    }

    fn restore(&mut self, values: &[WasmValue]) -> Result<(), Failure> {
        for (global, value) in self.globals.iter().zip(values) {
            let set = global.set(&mut self.store, engine_value(*value));
            set.map_err(|error| Failure::Error(SandboxError::internal("starting from an image", error)))?;
        }
        Ok(())
    }

    /// A refused first memory or table, or a full pool, comes as an ordinary error.
    fn start_failure(&mut self, error: wasmtime::Error) -> Failure {
        self.ended = true;
        if error.downcast_ref::<wasmtime::PoolConcurrencyLimitError>().is_some() {
            return Failure::Error(too_many(self.instances));
        }
        self.component_failure(error)
    }

    /// A memory that is kept for its copies to share cannot be used by a process and its child at a time.
    fn check_process(&self) -> Result<(), SandboxError> {
        match &self.memory {
            Some(memory) if memory.lock().is_of_parent() => Err(SandboxError::NotRunnable {
                what: "session".to_owned(),
                reason: "it belongs to the process that this one was forked from; take a snapshot there before"
                    .to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Kept while a guest is entered: no call of a tool outlives the guest's own, and no place among those that run, not even when
    /// the caller drops the future.
    pub(super) fn enter(&mut self) -> (Option<UnderWay>, Option<Entered>) {
        let data = self.store.data_mut();
        let entered = match self.mode {
            Mode::Blocking => None,
            Mode::Async => Some(data.turn.enter()),
        };
        (data.host.tools_under_way(), entered)
    }

    #[inline]
    pub(super) fn check_alive(&self) -> Result<(), Failure> {
        if self.ended { Err(ended()) } else { Ok(()) }
    }

    /// What must hold whenever guest code is entered.
    #[inline]
    pub(super) fn before_entry(&mut self) -> Result<(), Failure> {
        if !ticker::keep_awake() {
            return Err(no_deadlines());
        }
        self.store.set_epoch_deadline(1);
        Ok(())
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

    fn cpu(&self) -> Arc<CpuMeter> {
        Arc::clone(&self.store.data().cpu)
    }

    async fn call_export(&mut self, function: Func, arguments: &[Val], results: &mut [Val]) -> wasmtime::Result<()> {
        let _entered = self.enter();
        match self.mode {
            Mode::Blocking => {
                self.store.data().cpu.begin_stretch(Instant::now());
                let outcome = match self.deep {
                    true => at_once(function.call_async(&mut self.store, arguments, results)),
                    false => function.call(&mut self.store, arguments, results),
                };
                self.store.data().cpu.end_stretch();
                outcome
            }
            Mode::Async => {
                // A caller that drops the future leaves the guest in the middle of something: it is never entered again.
                self.ended = true;
                let outcome = Metered::new(self.cpu(), function.call_async(&mut self.store, arguments, results)).await;
                self.ended = false;
                outcome
            }
        }
    }
}

impl GuestInstance for WasmtimeInstance {
    fn begin(&mut self, now: Instant) -> Result<(), SandboxError> {
        self.check_process()?;
        let data = self.store.data_mut();
        data.cpu.reset();
        data.timeline.reset();
        data.limiter.begin();
        data.host.begin(now);
        self.announce(now)
    }

    fn invoke<'a>(&'a mut self, export: &'a str, arguments: &'a [WasmValue]) -> Prompt<'a, Option<WasmValue>, Failure> {
        prompt(self.mode, move || async move {
            self.check_alive()?;
            let Some((function, count)) = self.function(export) else {
                let function = export.to_owned();
                return Err(Failure::Error(SandboxError::FunctionNotFound {
                    function,
                    reason: None,
                    available: Vec::new(),
                }));
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
            self.before_entry()?;
            match self.call_export(function, arguments, results).await {
                Ok(()) => Ok(results.first().and_then(value)),
                Err(error) => {
                    self.ended = true;
                    Err(trap::failure(error, self.store.data()))
                }
            }
        })
    }

    fn call<'a>(
        &'a mut self,
        export: &'a str,
        arguments: Vec<ComponentValue>,
    ) -> BoxFuture<'a, Result<Option<ComponentValue>, Failure>> {
        self.call_component(export, arguments).boxed()
    }

    fn answer<'a>(&'a mut self, export: &'a str, exchange: Exchange) -> BoxFuture<'a, Result<(), Failure>> {
        self.answer_component(export, exchange).boxed()
    }

    fn drop_handle<'a>(&'a mut self, handle: u64) -> BoxFuture<'a, Result<(), Failure>> {
        self.drop_component_handle(handle).boxed()
    }

    fn memory(&mut self) -> &mut [u8] {
        // Functions of numbers never need it.
        if let (None, Some(instance)) = (self.store.data().memory, self.instance) {
            self.store.data_mut().memory = instance.get_memory(&mut self.store, MEMORY);
        }
        match self.store.data().memory {
            Some(memory) => memory.data_mut(&mut self.store),
            None => &mut [],
        }
    }

    fn globals(&mut self) -> Vec<WasmValue> {
        self.globals.iter().filter_map(|global| value(&global.get(&mut self.store))).collect()
    }

    fn changes(&mut self) -> Option<Result<Changes, SandboxError>> {
        let globals = self.globals();
        if let Err(error) = self.check_process() {
            return Some(Err(error));
        }
        let mut memory = self.memory.as_ref()?.lock();
        let changes = memory.changes(globals);
        self.ended |= memory.is_broken();
        Some(changes)
    }

    fn host(&mut self) -> &mut Host {
        &mut self.store.data_mut().host
    }

    fn usage(&mut self) -> EngineUsage {
        let left = if self.fuel { self.store.get_fuel().ok() } else { None };
        let data = self.store.data();
        let given = match data.host.limits().fuel {
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

/// What an instance does, at once where it blocks its thread.
fn prompt<'a, T: Send, E: From<Failure> + Send, F: Future<Output = Result<T, E>> + Send + 'a>(
    mode: Mode,
    outcome: impl FnOnce() -> F,
) -> Prompt<'a, T, E> {
    match mode {
        Mode::Blocking => {
            let waits = || Err(Failure::Error(SandboxError::internal("a guest in blocking mode", "it waits")).into());
            std::future::ready(at_first_poll(outcome).unwrap_or_else(waits)).left_future()
        }
        Mode::Async => outcome().boxed().right_future(),
    }
}

/// The outcome of a future that never waits, as those of instances in blocking mode are.
pub(super) fn at_once<T>(future: impl Future<Output = wasmtime::Result<T>>) -> wasmtime::Result<T> {
    at_first_poll(|| future).unwrap_or_else(|| Err(wasmtime::Error::msg("a guest in blocking mode waits")))
}

#[cold]
fn ended() -> Failure {
    Failure::Error(SandboxError::Ended { reason: "it was stopped by force".to_owned() })
}

#[cold]
fn too_many(instances: u32) -> SandboxError {
    let limit = u64::from(instances);
    SandboxError::ResourceExhausted { kind: ResourceKind::Sandboxes, used: limit + 1, limit }
}

#[cold]
fn no_deadlines() -> Failure {
    let reason = "no thread could be started".to_owned();
    Failure::Error(SandboxError::Unenforceable { what: "deadlines".to_owned(), reason })
}
