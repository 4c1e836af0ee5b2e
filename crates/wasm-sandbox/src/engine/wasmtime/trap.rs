//! What an error of Wasmtime's means.

use wasm_sandbox_policy::{Backtrace, LimitHit, ResourceKind, Trap, TrapKind};

use super::store::StoreData;
use crate::{engine::Failure, host::Stop};

/// The host ended the guest; travels through Wasmtime as an error.
#[derive(Debug)]
pub(super) struct Stopped(pub(super) Stop);

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("stopped by the host")
    }
}

impl std::error::Error for Stopped {}

/// Why the guest stopped. A trap after a refused growth of memory is that limit: most programs abort when an allocation
/// fails.
pub(super) fn failure(error: wasmtime::Error, data: &StoreData) -> Failure {
    let error = match error.downcast::<Stopped>() {
        Ok(Stopped(stop)) => return Failure::Stop(stop),
        Err(error) => error,
    };
    let trap = error.downcast_ref::<wasmtime::Trap>().copied();
    let limit = |kind, used, limit| Failure::Stop(Stop::Limit(LimitHit { kind, used, limit }));
    match trap {
        Some(wasmtime::Trap::OutOfFuel) => {
            let fuel = match data.host.limits().fuel {
                wasm_sandbox_policy::FuelLimit::Units(units) => units,
                _ => 0,
            };
            return limit(ResourceKind::Fuel, fuel, fuel);
        }
        Some(wasmtime::Trap::StackOverflow) => {
            let stack = data.host.limits().stack.as_u64();
            return limit(ResourceKind::Stack, stack, stack);
        }
        _ => {}
    }
    match data.limiter.hits().iter().find(|hit| memory_like(hit.kind)) {
        Some(hit) => Failure::Stop(Stop::Limit(*hit)),
        None => Failure::Trap(describe(&error, trap)),
    }
}

fn memory_like(kind: ResourceKind) -> bool {
    matches!(kind, ResourceKind::Memory | ResourceKind::ProcessMemory | ResourceKind::TableElements)
}

fn describe(error: &wasmtime::Error, trap: Option<wasmtime::Trap>) -> Trap {
    let backtrace = error.downcast_ref::<wasmtime::WasmBacktrace>().map(names).unwrap_or_default();
    match trap {
        Some(trap) => Trap { reason: kind(trap), message: sentence(trap), backtrace },
        None => Trap { reason: TrapKind::Other, message: error.root_cause().to_string(), backtrace },
    }
}

fn sentence(trap: wasmtime::Trap) -> String {
    let text = trap.to_string();
    text.strip_prefix("wasm trap: ").unwrap_or(&text).to_owned()
}

fn names(backtrace: &wasmtime::WasmBacktrace) -> Backtrace {
    let name = |frame: &wasmtime::FrameInfo| match frame.func_name() {
        Some(name) => format!("{:#}", rustc_demangle::demangle(name)),
        None => format!("function {}", frame.func_index()),
    };
    backtrace.frames().iter().take(32).map(name).map(|name| name.chars().take(256).collect()).collect()
}

fn kind(trap: wasmtime::Trap) -> TrapKind {
    match trap {
        wasmtime::Trap::UnreachableCodeReached => TrapKind::Unreachable,
        wasmtime::Trap::MemoryOutOfBounds | wasmtime::Trap::HeapMisaligned => TrapKind::MemoryOutOfBounds,
        wasmtime::Trap::TableOutOfBounds => TrapKind::TableOutOfBounds,
        wasmtime::Trap::IndirectCallToNull => TrapKind::IndirectCallToNull,
        wasmtime::Trap::BadSignature => TrapKind::BadSignature,
        wasmtime::Trap::IntegerOverflow => TrapKind::IntegerOverflow,
        wasmtime::Trap::IntegerDivisionByZero => TrapKind::IntegerDivisionByZero,
        wasmtime::Trap::BadConversionToInteger => TrapKind::BadConversionToInteger,
        _ => TrapKind::Other,
    }
}
