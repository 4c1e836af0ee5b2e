//! From a module to loaded code: screened, and through the cache, or by a compiler in a child process that can be killed.

mod queue;

use std::sync::Arc;

use wasm_sandbox_policy::{ByteSize, LimitHit, ResourceKind, SandboxError};

use self::queue::{Queue, Refusals};
use super::{
    Backend, LoadedModule,
    cache::{Cache, CacheKey},
    screen::{self, Screened},
};
use crate::{
    jail::{
        fork::{self, ChildFailure, ChildLimits},
        own::PerProcess,
    },
    setup::Setup,
};

/// Bytes of a module from which on compiling takes long enough to say so, and to queue with others of its kind: small
/// modules never wait for large ones.
const LARGE: usize = 256 << 10;

/// Bytes of code that the time in [`Setup::compile_time`] is for.
const PART: usize = 1 << 20;

/// Parts that a module has time for at most.
const MAX_PARTS: u32 = 12;

/// Bytes of memory that compiling takes for each byte of code, at most: twice what it took of those that were tried.
const MEMORY_FOR_BYTE: u64 = 32;

static SMALL_MODULES: PerProcess<Queue> = PerProcess::new(Queue::new);
static LARGE_MODULES: PerProcess<Queue> = PerProcess::new(Queue::new);

/// What this process has refused; the cache remembers it for later ones.
static REFUSED: Refusals = Refusals::new();

/// Looks a module or component over. What the types of a component come to is known to the validator alone, for which they have
/// no end: it reads them in a child.
///
/// # Errors
/// [`SandboxError::NotRunnable`] with what it is instead or what is refused of it, [`SandboxError::ResourceExhausted`] when it
/// takes more time or memory than `setup` allows a compiler.
pub(crate) fn screen(wasm: &[u8], name: &str, setup: &Setup) -> Result<Screened, SandboxError> {
    if !screen::is_component(wasm) {
        let refuse = |reason| SandboxError::NotRunnable { what: name.to_owned(), reason };
        return screen::screen(wasm).map_err(refuse);
    }
    // It takes honest ones a fraction of this, however long they are.
    let limits = &setup.compile_limits;
    let refusal = CacheKey::new("refused component", &[format!("{limits:?}").as_bytes(), wasm]);
    let work = || serde_json::to_vec(&screen::screen(wasm)?).map_err(|error| error.to_string());
    let screened = in_child(name, wasm, setup, limits, &refusal, work)?;
    serde_json::from_slice(&screened).map_err(|error| SandboxError::internal("looking a component over", error))
}

/// Loads a module with so many bytes of code: what was compiled before comes from the cache.
///
/// # Errors
/// [`SandboxError::ResourceExhausted`] when compiling takes more time or memory than `setup` allows.
pub(crate) fn load(
    backend: &dyn Backend,
    wasm: &[u8],
    code: usize,
    setup: &Setup,
) -> Result<Arc<dyn LoadedModule>, SandboxError> {
    let limits = limits(setup, code);
    let refusal = CacheKey::new("refused code", &[&backend.fingerprint(), format!("{limits:?}").as_bytes(), wasm]);
    let Some(directory) = &setup.cache_dir else {
        return backend.load(&compile(backend, wasm, setup, &limits, &refusal)?);
    };
    let cache = Cache::open(&directory.join("code"), setup.cache_limit)?;
    let key = CacheKey::new("code", &[&backend.fingerprint(), wasm]);
    if let Some(artifact) = cache.read(&key)
        && let Ok(module) = backend.load(&artifact)
    {
        return Ok(module);
    }
    let _turn = cache.turn(&key);
    // Another process or thread may have done it while this one waited for its turn.
    if let Some(artifact) = cache.read(&key)
        && let Ok(module) = backend.load(&artifact)
    {
        return Ok(module);
    }
    if let Some(hit) = cache.read(&refusal).and_then(|bytes| serde_json::from_slice::<LimitHit>(&bytes).ok()) {
        return Err(hit.into());
    }
    let compiled = compile(backend, wasm, setup, &limits, &refusal);
    match &compiled {
        Ok(artifact) => cache.write(&key, artifact),
        Err(SandboxError::ResourceExhausted { kind, used, limit }) => {
            let hit = LimitHit { kind: *kind, used: *used, limit: *limit };
            if lasts(&hit, &limits) {
                cache.write(&refusal, &serde_json::to_vec(&hit).unwrap_or_default());
            }
        }
        Err(_) => {}
    }
    backend.load(&compiled?)
}

/// What compiling so many bytes of code may use: honest ones take a time that grows with them. Whatever else is in a module counts
/// for nothing, or it would be padded.
fn limits(setup: &Setup, code: usize) -> ChildLimits {
    let parts = u32::try_from(code.div_ceil(PART)).map_or(MAX_PARTS, |parts| parts.clamp(1, MAX_PARTS));
    let ChildLimits { cpu_time, wall_time, memory } = &setup.compile_limits;
    let memory_for_code = ByteSize::bytes((code as u64).saturating_mul(MEMORY_FOR_BYTE));
    ChildLimits {
        cpu_time: cpu_time.saturating_mul(parts),
        wall_time: wall_time.saturating_mul(parts),
        memory: memory_for_code.max(*memory),
    }
}

fn compile(
    backend: &dyn Backend,
    wasm: &[u8],
    setup: &Setup,
    limits: &ChildLimits,
    refusal: &CacheKey,
) -> Result<Vec<u8>, SandboxError> {
    let _telling = (wasm.len() > LARGE).then(|| setup.tell("compiling WebAssembly to machine code"));
    in_child("module", wasm, setup, limits, refusal, || backend.compile(wasm))
}

/// Work on a module in a child, with a place in the queue. What was once too much is known to be from then on.
fn in_child(
    what: &str,
    wasm: &[u8],
    setup: &Setup,
    limits: &ChildLimits,
    refusal: &CacheKey,
    work: impl Fn() -> Result<Vec<u8>, String>,
) -> Result<Vec<u8>, SandboxError> {
    let large = wasm.len() > LARGE;
    let _place = if large { &LARGE_MODULES } else { &SMALL_MODULES }.get().enter(places(limits, setup));
    // Looked up with a place in hand: the same module may have been refused while this thread queued.
    if let Some(hit) = REFUSED.find(refusal) {
        return Err(hit.into());
    }
    fork::run(limits, work).map_err(|failure| match failure {
        ChildFailure::Limit(hit) => {
            if lasts(&hit, limits) {
                REFUSED.add(refusal.clone(), hit);
            }
            hit.into()
        }
        ChildFailure::Work(reason) => SandboxError::NotRunnable { what: what.to_owned(), reason },
        ChildFailure::System(reason) => SandboxError::internal("working in a child process", reason),
    })
}

/// Places that a compiler takes which may use more memory than others.
fn places(limits: &ChildLimits, setup: &Setup) -> usize {
    let usual = setup.compile_limits.memory.as_u64().max(1);
    usize::try_from(limits.memory.as_u64().div_ceil(usual)).unwrap_or(usize::MAX)
}

/// Whether a limit will be hit again: time on the wall says as much about what else the machine does.
fn lasts(hit: &LimitHit, limits: &ChildLimits) -> bool {
    hit.kind != ResourceKind::CompileTime || u128::from(hit.limit) != limits.wall_time.as_millis()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_compiling_may_use_grows_with_the_code_and_has_an_end() {
        let of = |len: usize| {
            let ChildLimits { cpu_time, wall_time, memory } = limits(&Setup::default(), len);
            (cpu_time.as_secs(), wall_time.as_secs(), memory.as_u64() >> 20)
        };
        assert_eq!([of(0), of(1 << 20)], [(10, 60, 1024); 2]);
        assert_eq!(of(9 << 20), (90, 540, 1024));
        assert_eq!(of(128 << 20), (120, 720, 4096));
        let setup = Setup::default().compile_time(Duration::from_secs(1));
        assert_eq!(limits(&setup, 3 << 19).cpu_time.as_secs(), 2);
    }
}
