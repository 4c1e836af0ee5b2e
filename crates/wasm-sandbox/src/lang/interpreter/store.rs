//! Compiled interpreters and images on disk: mapped, not read, so that a process is ready at once.

use std::{borrow::Cow, fs::File, io, sync::Arc};

use wasm_sandbox_policy::SandboxError;

use super::{Files, Origin};
use crate::{
    engine::{
        Backend, LoadedModule,
        cache::{Cache, CacheKey, Turn},
    },
    image::{self, Image, globals_from, globals_to, strip::strip},
    jail::fork,
    setup::Setup,
    value::WasmValue,
};

/// Bytes of memory that the compiler has taken for each byte of a module by the time that it is done: it keeps all that it
/// has made till then.
const GROWTH: u64 = 16;

pub(super) struct Store(Cache);

impl Store {
    pub(super) fn open(setup: &Setup) -> Result<Self, SandboxError> {
        let directory = setup.cache_dir.as_ref().ok_or_else(|| SandboxError::Toolchain {
            missing: "a cache directory for interpreters".to_owned(),
            remedy: "set HOME or XDG_CACHE_HOME".to_owned(),
        })?;
        Cache::open(&directory.join("images"), setup.cache_limit).map(Self)
    }

    pub(super) fn remove(&self, key: &CacheKey) -> Result<(), SandboxError> {
        self.0.remove(key).map_err(|error| SandboxError::internal("removing an image", error))
    }

    pub(super) fn turn(&self, key: &CacheKey) -> Turn {
        self.0.turn(key)
    }

    /// The interpreter's compiled code; `what` is what takes long. Its module is trusted and pinned: it is compiled in this
    /// process, on all its cores.
    pub(super) fn code(
        &self,
        files: &Files,
        backend: &dyn Backend,
        what: &str,
        setup: &Setup,
    ) -> Result<Arc<dyn LoadedModule>, SandboxError> {
        let key = code_key(backend, &files.version);
        if let Some(kept) = self.0.open_file(&key) {
            return backend.load_file(kept.file);
        }
        // Said before it is this process's turn: to wait for another one that compiles takes as long.
        let telling = setup.tell(what);
        let _turn = self.0.turn(&key);
        if let Some(kept) = self.0.open_file(&key) {
            return backend.load_file(kept.file);
        }
        let stripped = self.strip(files)?;
        let code = telling
            .during(compiled(stripped.len()), || backend.compile(&stripped))
            .map_err(|reason| SandboxError::internal("compiling the interpreter", reason))?;
        let kept = self.0.keep_file(&key, &[], |file| io::Write::write_all(file, &code));
        let failed = |error| SandboxError::internal("keeping the interpreter's compiled code in the cache", error);
        backend.load_file(kept.map_err(failed)?.file)
    }

    /// Whether an interpreter's compiled code is here.
    pub(super) fn has_code(&self, backend: &dyn Backend, version: &str) -> bool {
        self.0.open_file(&code_key(backend, version)).is_some()
    }

    /// Takes the interpreter's module apart, keeps its first memory, and gives the rest.
    fn strip(&self, files: &Files) -> Result<Vec<u8>, SandboxError> {
        let failed = |reason: String| SandboxError::internal("reading the interpreter", reason);
        let wasm = match &files.wasm {
            Origin::File(path) => Cow::from(std::fs::read(path).map_err(|error| failed(error.to_string()))?),
            Origin::Bytes(bytes) => Cow::from(*bytes),
        };
        let mut stripped = strip(&wasm).map_err(failed)?;
        (files.mend)(&mut stripped.memory).map_err(failed)?;
        self.keep(&first_key(files), &stripped.memory, &stripped.globals)?;
        Ok(stripped.wasm)
    }

    /// What the interpreter's memory holds before anything has run.
    pub(super) fn first(&self, files: &Files) -> Result<Arc<Image>, SandboxError> {
        let key = first_key(files);
        if let Some(image) = self.image(&key) {
            return Ok(image);
        }
        self.strip(files)?;
        self.image(&key).ok_or_else(|| SandboxError::internal("keeping an image", "it is gone at once"))
    }

    pub(super) fn image(&self, key: &CacheKey) -> Option<Arc<Image>> {
        let kept = self.0.open_file(key)?;
        let len = usize::try_from(kept.file.metadata().ok()?.len()).ok()?;
        Image::of_file(kept.file, len, kept.hash, globals_from(&kept.note)?).ok()
    }

    pub(super) fn keep(
        &self,
        key: &CacheKey,
        memory: &[u8],
        globals: &[WasmValue],
    ) -> Result<Arc<Image>, SandboxError> {
        let failed = |error: io::Error| SandboxError::internal("keeping an image", error);
        let write = |file: &mut File| image::write_sparse(file, memory);
        let kept = self.0.keep_file(key, &globals_to(globals), write).map_err(failed)?;
        Image::of_file(kept.file, memory.len(), kept.hash, globals.to_vec()).map_err(failed)
    }
}

fn code_key(backend: &dyn Backend, version: &str) -> CacheKey {
    CacheKey::new("interpreter", &[&backend.fingerprint(), version.as_bytes()])
}

/// How many bytes of a module are compiled, by what this process has grown since: the engine itself does not tell. It is an
/// estimate, which never says that all is done.
fn compiled(len: usize) -> impl Fn() -> (u64, u64) + Send {
    let grown = || fork::memory_of("RssAnon:").unwrap_or(0);
    let (before, total) = (grown(), len as u64);
    move || ((grown().saturating_sub(before) / GROWTH).min(total / 100 * 99), total)
}

fn first_key(files: &Files) -> CacheKey {
    CacheKey::new("first image 2", &[files.version.as_bytes()])
}
