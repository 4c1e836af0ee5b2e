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
    setup::Setup,
    value::WasmValue,
};

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

    /// The interpreter's compiled code; `what` is what takes long. Its module is trusted and pinned: it is compiled in this process, on all its cores.
    pub(super) fn code(
        &self,
        files: &Files,
        backend: &dyn Backend,
        what: &str,
        setup: &Setup,
    ) -> Result<Arc<dyn LoadedModule>, SandboxError> {
        let key = CacheKey::new("interpreter", &[&backend.fingerprint(), files.version.as_bytes()]);
        if let Some(kept) = self.0.open_file(&key) {
            return backend.load_file(kept.file);
        }
        let _turn = self.0.turn(&key);
        if let Some(kept) = self.0.open_file(&key) {
            return backend.load_file(kept.file);
        }
        let _telling = setup.tell(what);
        let stripped = self.strip(files)?;
        let failed = |reason: String| SandboxError::internal("compiling the interpreter", reason);
        let code = backend.compile(&stripped).map_err(failed)?;
        let kept = self.0.keep_file(&key, &[], |file| io::Write::write_all(file, &code));
        backend.load_file(kept.map_err(|error| failed(error.to_string()))?.file)
    }

    /// Takes the interpreter's module apart, keeps its first memory, and gives the rest.
    fn strip(&self, files: &Files) -> Result<Vec<u8>, SandboxError> {
        let failed = |reason: String| SandboxError::internal("reading the interpreter", reason);
        let wasm = match &files.wasm {
            Origin::File(path) => Cow::from(std::fs::read(path).map_err(|error| failed(error.to_string()))?),
            Origin::Bytes(bytes) => Cow::from(*bytes),
        };
        let stripped = strip(&wasm).map_err(failed)?;
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

fn first_key(files: &Files) -> CacheKey {
    CacheKey::new("first image", &[files.version.as_bytes()])
}
