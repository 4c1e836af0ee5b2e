//! Gives modules their imports: WASI preview 1 from `host/`, and the functions that a caller registered.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use wasm_sandbox_policy::{Plain, SandboxError};
use wasmtime::{Caller, Extern, FuncType, InstancePre, Linker, Memory, Module, Val, ValType};

use super::{
    door,
    store::StoreData,
    trap::Stopped,
    wait::{wait_async, wait_blocking},
};
use crate::{
    engine::Mode,
    host::{self, HostResult, Step, Stop, wasi},
    host_function::{HostCall, HostClosure, HostFunction, HostFunctions},
    value::{WasmType, WasmValue},
};

/// Everything that a module can import.
pub(super) struct Imports(Linker<StoreData>);

impl Imports {
    /// # Errors
    /// None but internal ones.
    pub(super) fn new(
        engine: &wasmtime::Engine,
        functions: &HostFunctions,
        mode: Mode,
        interpreter: bool,
    ) -> Result<Self, SandboxError> {
        let mut linker = Linker::new(engine);
        add_wasi(&mut linker, mode)
            .and_then(|()| match (interpreter, functions.iter().any(door::is_net)) {
                (true, _) => door::add(&mut linker, mode),
                (false, false) => door::add_net(&mut linker, mode),
                // The caller's own.
                (false, true) => Ok(()),
            })
            .and_then(|()| functions.iter().try_for_each(|function| add_function(&mut linker, function, mode)))
            .map_err(|error| SandboxError::internal("linking the host", error))?;
        Ok(Self(linker))
    }

    pub(super) fn resolve(&self, module: &Module) -> Result<InstancePre<StoreData>, SandboxError> {
        self.0.instantiate_pre(module).map_err(|error| SandboxError::NotRunnable {
            what: module.name().unwrap_or("module").to_owned(),
            reason: unresolved(module, &self.0).unwrap_or_else(|| format!("{error:#}")),
        })
    }
}

fn unresolved(module: &Module, linker: &Linker<StoreData>) -> Option<String> {
    let known: std::collections::HashSet<(String, String)> = linker_names(linker);
    let missing = module.imports().find(|import| !known.contains(&(import.module().into(), import.name().into())))?;
    let name = format!("`{}.{}`", Plain::line(missing.module()), Plain::line(missing.name()));
    Some(format!("it imports {name}, which is neither WASI preview 1 nor a registered host function"))
}

fn linker_names(linker: &Linker<StoreData>) -> std::collections::HashSet<(String, String)> {
    let mut names = std::collections::HashSet::new();
    // A linker lists its definitions only through a store; the names need none of its state.
    macro_rules! collect {
        ($($kind:ident $name:ident($($parameter:ident: $type:ty),*);)*) => {
            $(names.insert((host::WASI_MODULE.to_owned(), stringify!($name).to_owned()));)*
        };
    }
    host::for_each_wasi_function!(collect);
    names.insert((door::MODULE.to_owned(), door::NET.to_owned()));
    let _ = linker;
    names
}

/// The guest's memory and the store's data, side by side.
pub(super) fn parts<'a>(
    memory: Option<Memory>,
    caller: &'a mut Caller<'_, StoreData>,
) -> (&'a mut [u8], &'a mut StoreData) {
    match memory {
        Some(memory) => memory.data_and_store_mut(caller),
        None => (&mut [], caller.data_mut()),
    }
}

/// The name of the memory that the host reads and writes.
pub(super) const MEMORY: &str = "memory";

/// The exported memory.
pub(super) fn memory_of(caller: &mut Caller<'_, StoreData>) -> Option<Memory> {
    if caller.data().memory.is_none() {
        caller.data_mut().memory = caller.get_export(MEMORY).and_then(Extern::into_memory);
    }
    caller.data().memory
}

/// What a finished step means to the guest, or what to wait for before the call is made again.
fn conclude(result: HostResult) -> wasmtime::Result<Result<i32, host::Wait>> {
    match result {
        Ok(Step::Done(Ok(()))) => Ok(Ok(0)),
        Ok(Step::Done(Err(errno))) => Ok(Ok(i32::from(errno as u16))),
        Ok(Step::Wait(wait)) => Ok(Err(wait)),
        Err(stop) => Err(Stopped(stop).into()),
    }
}

fn add_wasi(linker: &mut Linker<StoreData>, mode: Mode) -> wasmtime::Result<()> {
    macro_rules! link_each {
        ($($kind:ident $name:ident($($parameter:ident: $type:ty),*);)*) => {
            $(link_one!($kind $name($($parameter: $type),*));)*
        };
    }
    macro_rules! link_one {
        (now $name:ident($($parameter:ident: $type:ty),*)) => {
            linker.func_wrap(
                host::WASI_MODULE,
                stringify!($name),
                |mut caller: Caller<'_, StoreData>, $($parameter: $type),*| -> wasmtime::Result<i32> {
                    let memory = memory_of(&mut caller);
                    let (memory, data) = parts(memory, &mut caller);
                    match conclude(wasi::$name(&mut data.host, memory, $($parameter),*))? {
                        Ok(errno) => Ok(errno),
                        Err(_) => Err(wasmtime::format_err!("`{}` cannot wait", stringify!($name))),
                    }
                },
            )?;
        };
        (waits $name:ident($($parameter:ident: $type:ty),*)) => {
            match mode {
                Mode::Blocking => linker.func_wrap(
                    host::WASI_MODULE,
                    stringify!($name),
                    |mut caller: Caller<'_, StoreData>, $($parameter: $type),*| -> wasmtime::Result<i32> {
                        let memory = memory_of(&mut caller);
                        loop {
                            let (memory, data) = parts(memory, &mut caller);
                            match conclude(wasi::$name(&mut data.host, memory, $($parameter),*))? {
                                Ok(errno) => return Ok(errno),
                                Err(wait) => wait_blocking(data, &wait)?,
                            }
                        }
                    },
                )?,
                Mode::Async => linker.func_wrap_async(
                    host::WASI_MODULE,
                    stringify!($name),
                    |mut caller: Caller<'_, StoreData>, ($($parameter,)*): ($($type,)*)| {
                        Box::new(async move {
                            let memory = memory_of(&mut caller);
                            loop {
                                let (memory, data) = parts(memory, &mut caller);
                                match conclude(wasi::$name(&mut data.host, memory, $($parameter),*))? {
                                    Ok(errno) => return wasmtime::Result::<i32>::Ok(errno),
                                    Err(wait) => wait_async(data, &wait).await?,
                                }
                            }
                        })
                    },
                )?,
            };
        };
        (exits $name:ident($($parameter:ident: $type:ty),*)) => {
            linker.func_wrap(
                host::WASI_MODULE,
                stringify!($name),
                |mut caller: Caller<'_, StoreData>, $($parameter: $type),*| -> wasmtime::Result<()> {
                    conclude(wasi::$name(&mut caller.data_mut().host, &mut [], $($parameter),*)).map(|_| ())
                },
            )?;
        };
    }
    host::for_each_wasi_function!(link_each);
    Ok(())
}

fn add_function(linker: &mut Linker<StoreData>, function: &HostFunction, mode: Mode) -> wasmtime::Result<()> {
    let engine = linker.engine().clone();
    let signature = FuncType::new(
        &engine,
        function.parameters.iter().copied().map(value_type),
        function.results.iter().copied().map(value_type),
    );
    let name = format!("{}.{}", function.module, function.name);
    match &function.closure {
        HostClosure::Sync(closure) => {
            let closure = Arc::clone(closure);
            linker.func_new(&function.module, &function.name, signature, move |mut caller, arguments, results| {
                let arguments = arguments.iter().map(value).collect::<Option<Vec<_>>>().unwrap_or_default();
                let memory = memory_of(&mut caller);
                let (memory, data) = parts(memory, &mut caller);
                data.host.count_call(0).map_err(Stopped)?;
                let call = || closure(&mut HostCall::new(memory), &arguments);
                let outcome = std::panic::catch_unwind(AssertUnwindSafe(call));
                give(&name, outcome, results)
            })?;
        }
        HostClosure::Async(closure) => {
            let closure = Arc::clone(closure);
            let start = move |caller: &mut Caller<'_, StoreData>, arguments: &[Val]| -> wasmtime::Result<_> {
                let arguments = arguments.iter().map(value).collect::<Option<Vec<_>>>().unwrap_or_default();
                let memory = memory_of(caller);
                let (memory, data) = parts(memory, caller);
                data.host.count_call(0).map_err(Stopped)?;
                let call = || closure(&mut HostCall::new(memory), &arguments);
                wasmtime::Result::Ok(std::panic::catch_unwind(AssertUnwindSafe(call)))
            };
            match mode {
                Mode::Blocking => {
                    linker.func_new(
                        &function.module,
                        &function.name,
                        signature,
                        move |mut caller, arguments, results| {
                            let future = match start(&mut caller, arguments)? {
                                Ok(future) => future,
                                Err(panic) => return give(&name, Err(panic), results),
                            };
                            let outcome = super::wait::run_blocking(caller.data_mut(), future)?;
                            give(&name, outcome, results)
                        },
                    )?;
                }
                Mode::Async => {
                    let start = Arc::new(start);
                    let name: Arc<str> = name.into();
                    linker.func_new_async(
                        &function.module,
                        &function.name,
                        signature,
                        move |mut caller, arguments, results| {
                            let (start, name) = (Arc::clone(&start), Arc::clone(&name));
                            Box::new(async move {
                                let future = match start(&mut caller, arguments)? {
                                    Ok(future) => future,
                                    Err(panic) => return give(&name, Err(panic), results),
                                };
                                let outcome = super::wait::run_async(caller.data_mut(), future).await?;
                                give(&name, outcome, results)
                            })
                        },
                    )?;
                }
            }
        }
    }
    Ok(())
}

/// Hands a host function's outcome to the guest. An error or a panic of the function ends the guest, not the process.
fn give(
    name: &str,
    outcome: std::thread::Result<Result<Option<WasmValue>, crate::host_function::HostError>>,
    results: &mut [Val],
) -> wasmtime::Result<()> {
    match outcome {
        Ok(Ok(returned)) => {
            if let (Some(slot), Some(returned)) = (results.first_mut(), returned) {
                *slot = engine_value(returned);
            }
            Ok(())
        }
        Ok(Err(error)) => Err(Stopped(Stop::Trap(format!("the host function `{name}` failed: {error}"))).into()),
        Err(_) => Err(Stopped(Stop::Trap(format!("the host function `{name}` panicked"))).into()),
    }
}

pub(super) fn value(value: &Val) -> Option<WasmValue> {
    match value {
        Val::I32(value) => Some(WasmValue::I32(*value)),
        Val::I64(value) => Some(WasmValue::I64(*value)),
        Val::F32(bits) => Some(WasmValue::F32(f32::from_bits(*bits))),
        Val::F64(bits) => Some(WasmValue::F64(f64::from_bits(*bits))),
        _ => None,
    }
}

pub(super) fn engine_value(value: WasmValue) -> Val {
    match value {
        WasmValue::I32(value) => Val::I32(value),
        WasmValue::I64(value) => Val::I64(value),
        WasmValue::F32(value) => Val::F32(value.to_bits()),
        WasmValue::F64(value) => Val::F64(value.to_bits()),
    }
}

fn value_type(kind: WasmType) -> ValType {
    match kind {
        WasmType::I32 => ValType::I32,
        WasmType::I64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
    }
}

/// Now, for a run that has not begun by itself.
pub(super) fn announce(data: &mut StoreData) -> Instant {
    let now = Instant::now();
    data.started(now);
    now
}
