//! From a screened module to loaded code: through the cache, or by a compiler in a child process that can be killed.

mod queue;

use std::sync::Arc;

use wasm_sandbox_policy::{LimitHit, ResourceKind, SandboxError};

use self::queue::{Queue, Refusals};
use super::{
    Backend, LoadedModule,
    cache::{Cache, CacheKey},
};
use crate::{
    jail::{
        fork::{self, ChildFailure},
        own::PerProcess,
    },
    setup::Setup,
};

/// Bytes of a module from which on compiling takes long enough to say so, and to queue with others of its kind: small
/// modules never wait for large ones.
const LARGE: usize = 256 << 10;

static SMALL_MODULES: PerProcess<Queue> = PerProcess::new(Queue::new);
static LARGE_MODULES: PerProcess<Queue> = PerProcess::new(Queue::new);

/// What this process has refused; the cache remembers it for later ones.
static REFUSED: Refusals = Refusals::new();

/// Loads a module: what was compiled before comes from the cache.
///
/// # Errors
/// [`SandboxError::ResourceExhausted`] when compiling takes more time or memory than `setup` allows.
pub(crate) fn load(backend: &dyn Backend, wasm: &[u8], setup: &Setup) -> Result<Arc<dyn LoadedModule>, SandboxError> {
    let limits = format!("{:?}", setup.compile_limits);
    let refusal = CacheKey::new("refused code", &[&backend.fingerprint(), limits.as_bytes(), wasm]);
    let Some(directory) = &setup.cache_dir else {
        return backend.load(&compile(backend, wasm, setup, &refusal)?);
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
    let compiled = compile(backend, wasm, setup, &refusal);
    match &compiled {
        Ok(artifact) => cache.write(&key, artifact),
        Err(SandboxError::ResourceExhausted { kind, used, limit }) => {
            let hit = LimitHit { kind: *kind, used: *used, limit: *limit };
            if lasts(&hit, setup) {
                cache.write(&refusal, &serde_json::to_vec(&hit).unwrap_or_default());
            }
        }
        Err(_) => {}
    }
    backend.load(&compiled?)
}

fn compile(backend: &dyn Backend, wasm: &[u8], setup: &Setup, refusal: &CacheKey) -> Result<Vec<u8>, SandboxError> {
    let large = wasm.len() > LARGE;
    let _telling = large.then(|| setup.tell("compiling WebAssembly to machine code"));
    let _place = if large { &LARGE_MODULES } else { &SMALL_MODULES }.get().enter();
    // Looked up with a place in hand: the same module may have been refused while this thread queued.
    if let Some(hit) = REFUSED.find(refusal) {
        return Err(hit.into());
    }
    fork::run(&setup.compile_limits, || backend.compile(wasm)).map_err(|failure| match failure {
        ChildFailure::Limit(hit) => {
            if lasts(&hit, setup) {
                REFUSED.add(refusal.clone(), hit);
            }
            hit.into()
        }
        ChildFailure::Work(reason) => SandboxError::NotRunnable { what: "module".to_owned(), reason },
        ChildFailure::System(reason) => SandboxError::internal("compiling in a child process", reason),
    })
}

/// Whether a limit will be hit again: time on the wall says as much about what else the machine does.
fn lasts(hit: &LimitHit, setup: &Setup) -> bool {
    hit.kind != ResourceKind::CompileTime || u128::from(hit.limit) != setup.compile_limits.wall_time.as_millis()
}
