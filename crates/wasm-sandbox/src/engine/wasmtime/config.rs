//! Wasmtime's settings.

use std::sync::Arc;

use wasm_sandbox_policy::SandboxError;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::{
    EngineProfile,
    image::{Memories, Stacks},
};

/// Live instances of every profile but the process's first, at most.
const FURTHER_INSTANCES: u32 = 250;

/// Table elements that one instance can have at all; `limits.table_elements` is enforced below it.
pub(super) const MAX_TABLE_ELEMENTS: usize = 1 << 20;

/// Memories and tables of one module.
pub(super) const MAX_TABLES: u32 = 16;

/// Core instances for each live sandbox, which components have several of.
const INSTANCES_OF_COMPONENT: u32 = 16;

/// Host stack beneath the guest's, for our own functions.
const HOST_STACK: usize = 512 << 10;

/// An engine, and how many sandboxes it has places for.
pub(super) fn engine(profile: EngineProfile, first: bool) -> Result<(Engine, u32), SandboxError> {
    let wanted = if first { profile.instances } else { profile.instances.min(FURTHER_INSTANCES) };
    let mut reason = String::new();
    // The address space that a machine gives may not suffice for all.
    for instances in [wanted, wanted.div_ceil(8), wanted.div_ceil(64)] {
        match Engine::new(&config(profile, instances)) {
            Ok(engine) => return Ok((engine, instances)),
            Err(error) => reason = format!("{error:#}"),
        }
    }
    Err(SandboxError::Unenforceable { what: "a pool of sandboxes".to_owned(), reason })
}

fn config(profile: EngineProfile, instances: u32) -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .consume_fuel(profile.fuel)
        .max_wasm_stack(profile.stack_bytes)
        .async_stack_size(profile.stack_bytes + HOST_STACK)
        .memory_reservation(4 << 30)
        .memory_guard_size(32 << 20)
        .memory_init_cow(true)
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(32))
        .wasm_backtrace_details(wasmtime::WasmBacktraceDetails::Disable)
        // Traps are told by the names of functions, for which neither is needed: a tenth of the time to compile, and of the code.
        .generate_address_map(false)
        .native_unwind_info(false);
    features(&mut config);
    if profile.images {
        config.wasm_exceptions(true).with_host_memory(Arc::new(Memories)).with_host_stack(Arc::new(Stacks));
    } else {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(instances)));
    }
    // A child of `fork` has no other thread, so a compile that waits for a thread pool would wait for ever.
    config.parallel_compilation(profile.images);
    config
}

/// What a guest may use of WebAssembly; `engine/screen.rs` refuses the rest with a better message. Several memories, too, which
/// the engine's own code has that carries values between the components of one.
fn features(config: &mut Config) {
    config
        .wasm_threads(false)
        .wasm_memory64(false)
        .wasm_multi_memory(true)
        .wasm_gc(false)
        .wasm_function_references(false)
        .wasm_exceptions(false)
        .wasm_component_model(true)
        .wasm_tail_call(true)
        .wasm_simd(true)
        .wasm_relaxed_simd(true)
        .relaxed_simd_deterministic(true)
        .wasm_bulk_memory(true)
        .wasm_reference_types(true)
        .wasm_multi_value(true);
}

fn pool(instances: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(instances.saturating_mul(INSTANCES_OF_COMPONENT))
        .total_component_instances(instances)
        .max_component_instance_size(4 << 20)
        .max_memories_per_component(MAX_TABLES)
        .max_tables_per_component(4 * MAX_TABLES)
        .total_memories(instances)
        .total_tables(instances.saturating_mul(4))
        .total_stacks(instances)
        .max_tables_per_module(MAX_TABLES)
        .table_elements(MAX_TABLE_ELEMENTS)
        .max_memory_size(4 << 30)
        .max_unused_warm_slots(64)
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(16 << 10)
        .pagemap_scan(Enabled::Auto);
    pool
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use wasm_sandbox_policy::ResourceLimits;

    use super::*;

    /// The value of a compiler flag in compiled code, which lists them all: the name, a tag for "switch", and the switch.
    fn flag(artifact: &[u8], name: &str) -> bool {
        let at = artifact.windows(name.len()).position(|window| window == name.as_bytes()).expect("the flag is listed");
        match artifact.get(at + name.len()..at + name.len() + 2).unwrap() {
            [2, 0] => false,
            [2, 1] => true,
            other => unreachable!("`{name}` is followed by {other:?}"),
        }
    }

    #[test]
    fn g8_code_is_compiled_against_speculation() {
        let module = wat::parse_str("(module (table 2 funcref) (func (call_indirect (i32.const 1))))").unwrap();
        let profile = EngineProfile::new(&ResourceLimits::default(), 1);
        let ours = engine(profile, true).unwrap().0.precompile_module(&module).unwrap();
        for name in ["enable_heap_access_spectre_mitigation", "enable_table_access_spectre_mitigation"] {
            assert!(flag(&ours, name), "{name}");
        }
        // The twin: a flag that is off is seen to be off.
        assert!(!flag(&ours, "enable_pinned_reg"));
    }

    #[test]
    fn code_holds_no_tables_that_nobody_reads() {
        let module = wat::parse_str("(module (func unreachable))").unwrap();
        let profile = EngineProfile::new(&ResourceLimits::default(), 1);
        let ours = engine(profile, true).unwrap().0.precompile_module(&module).unwrap();
        let has = |section: &str| ours.windows(section.len()).any(|window| window == section.as_bytes());
        assert!(!has(".wasmtime.addrmap") && !has(".eh_frame"));
        // The twin: what tells traps apart is there.
        assert!(has(".wasmtime.traps"));
    }
}
