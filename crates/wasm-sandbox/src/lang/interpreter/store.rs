//! Compiled interpreters and images on disk: mapped, not read, so that a process is ready at once.

use std::{borrow::Cow, fs::File, io, sync::Arc};

use wasm_sandbox_policy::SandboxError;

use super::{Files, Origin};
use crate::{
    engine::{
        Backend, LoadedModule,
        cache::{Cache, CacheKey, Turn},
    },
    image::{self, Image, strip::strip},
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

    pub(super) fn key(purpose: &str, parts: &[&str]) -> CacheKey {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        CacheKey::new(purpose, &parts)
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
        if let Some((file, _)) = self.0.open_file(&key) {
            return backend.load_file(file);
        }
        let _turn = self.0.turn(&key);
        if let Some((file, _)) = self.0.open_file(&key) {
            return backend.load_file(file);
        }
        let _telling = setup.tell(what);
        let stripped = self.strip(files)?;
        let failed = |reason: String| SandboxError::internal("compiling the interpreter", reason);
        let code = backend.compile(&stripped).map_err(failed)?;
        let file = self.0.keep_file(&key, &[], |file| io::Write::write_all(file, &code));
        backend.load_file(file.map_err(|error| failed(error.to_string()))?)
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
        let (file, note) = self.0.open_file(key)?;
        let len = usize::try_from(file.metadata().ok()?.len()).ok()?;
        Image::of_file(file, len, globals(&note)?).ok()
    }

    pub(super) fn keep(
        &self,
        key: &CacheKey,
        memory: &[u8],
        globals: &[WasmValue],
    ) -> Result<Arc<Image>, SandboxError> {
        let failed = |error: io::Error| SandboxError::internal("keeping an image", error);
        let write = |file: &mut File| image::write_sparse(file, memory);
        let file = self.0.keep_file(key, &note(globals), write).map_err(failed)?;
        Image::of_file(file, memory.len(), globals.to_vec()).map_err(failed)
    }
}

fn first_key(files: &Files) -> CacheKey {
    Store::key("first image", &[&files.version])
}

/// Values of globals as they stand in an image's seal: a letter and eight bytes each.
fn note(globals: &[WasmValue]) -> Vec<u8> {
    let one = |value: &WasmValue| match *value {
        WasmValue::I32(value) => (b'i', u64::from(value.cast_unsigned())),
        WasmValue::I64(value) => (b'l', value.cast_unsigned()),
        WasmValue::F32(value) => (b'f', u64::from(value.to_bits())),
        WasmValue::F64(value) => (b'd', value.to_bits()),
    };
    globals.iter().map(one).flat_map(|(kind, bits)| std::iter::once(kind).chain(bits.to_le_bytes())).collect()
}

fn globals(note: &[u8]) -> Option<Vec<WasmValue>> {
    let (chunks, []) = note.as_chunks::<9>() else { return None };
    let one = |[kind, bits @ ..]: &[u8; 9]| {
        let bits = u64::from_le_bytes(*bits);
        Some(match kind {
            b'i' => WasmValue::I32((bits as u32).cast_signed()),
            b'l' => WasmValue::I64(bits.cast_signed()),
            b'f' => WasmValue::F32(f32::from_bits(bits as u32)),
            b'd' => WasmValue::F64(f64::from_bits(bits)),
            _ => return None,
        })
    };
    chunks.iter().map(one).collect()
}
