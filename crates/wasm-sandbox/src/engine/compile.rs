//! From a screened module to loaded code: through the cache, or by a compiler in a child process that can be killed.

use std::sync::Arc;

use wasm_sandbox_policy::SandboxError;

use super::{
    Backend, LoadedModule,
    cache::{Cache, CacheKey},
};
use crate::{
    jail::fork::{self, ChildFailure},
    setup::Setup,
};

/// Bytes of a module from which on compiling takes long enough to say so.
const WORTH_TELLING: usize = 256 << 10;

/// Loads a module: what was compiled before comes from the cache.
///
/// # Errors
/// [`SandboxError::ResourceExhausted`] when compiling takes more time or memory than `setup` allows.
pub(crate) fn load(backend: &dyn Backend, wasm: &[u8], setup: &Setup) -> Result<Arc<dyn LoadedModule>, SandboxError> {
    let Some(directory) = &setup.cache_dir else {
        return backend.load(&compile(backend, wasm, setup)?);
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
    let refusal = CacheKey::new("refused code", &[&backend.fingerprint(), wasm]);
    if let Some(hit) =
        cache.read(&refusal).and_then(|bytes| serde_json::from_slice::<wasm_sandbox_policy::LimitHit>(&bytes).ok())
    {
        return Err(hit.into());
    }
    let compiled = compile(backend, wasm, setup);
    match &compiled {
        Ok(artifact) => cache.write(&key, artifact),
        Err(SandboxError::ResourceExhausted { kind, used, limit }) => {
            let hit = wasm_sandbox_policy::LimitHit { kind: *kind, used: *used, limit: *limit };
            cache.write(&refusal, &serde_json::to_vec(&hit).unwrap_or_default());
        }
        Err(_) => {}
    }
    backend.load(&compiled?)
}

fn compile(backend: &dyn Backend, wasm: &[u8], setup: &Setup) -> Result<Vec<u8>, SandboxError> {
    let _telling = (wasm.len() > WORTH_TELLING).then(|| setup.tell("compiling WebAssembly to machine code"));
    fork::run(&setup.compile_limits, || backend.compile(wasm)).map_err(|failure| match failure {
        ChildFailure::Limit(hit) => hit.into(),
        ChildFailure::Work(reason) => SandboxError::NotRunnable { what: "module".to_owned(), reason },
        ChildFailure::System(reason) => SandboxError::internal("compiling in a child process", reason),
    })
}
