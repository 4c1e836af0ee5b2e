//! Languages that run as they are, in an interpreter whose memory is an image.
//!
//! What differs between them is small: where the interpreter comes from ([`python`](super::python)), and how a request gets
//! in and its answer out.

use std::{
    collections::HashMap,
    fs::File,
    io::Write,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::FutureExt;
use serde::Deserialize;
use serde_json::{Value, json};
use wasm_sandbox_policy::{ByteSize, GuestPath, InstanceConfig, ResourceLimits, SandboxError};

use super::python;
use crate::{
    engine::{
        self, Backend, EngineProfile, InstanceStart, LinkedModule, LoadedModule, Mode,
        cache::{Cache, CacheKey},
    },
    host::{Host, HostSetup, Sink, Stdin},
    host_function::HostFunctions,
    image::{Image, strip::strip},
    instance::Adapter,
    mount::{self, Mount},
    setup::Setup,
    source::Language,
    value::{Guest, WasmValue},
    vfs::{MemoryTree, Quota},
};

/// Stack of an interpreter's own: a program's recursion is its interpreter's.
const STACK_BYTES: usize = 8 << 20;

/// Combinations of mode and host functions that one interpreter keeps ready.
const MAX_LINKED: usize = 16;

/// What an image may need to be made: a prelude imports whole libraries.
const IMAGE_TIME: Duration = Duration::from_secs(120);
const IMAGE_MEMORY: ByteSize = ByteSize::gib(1);

/// An interpreter with a prelude: its code, and the memory that every sandbox of it begins with.
pub(crate) struct Interpreter {
    pub(crate) image: Arc<Image>,
    language: Language,
    files: Files,
    module: Arc<dyn LoadedModule>,
    linked: Mutex<Vec<(Mode, Arc<HostFunctions>, Arc<dyn LinkedModule>)>>,
}

/// What an interpreter is made of.
pub(super) struct Files {
    /// Everything that the interpreter's code and first memory depend on.
    pub(super) version: String,
    /// The interpreter's module.
    pub(super) wasm: Box<dyn Fn() -> Result<Vec<u8>, SandboxError> + Send + Sync>,
    /// What it runs once, before any prelude.
    pub(super) driver: &'static str,
    /// Folders of its own that it reads, and where.
    pub(super) folders: Vec<(std::path::PathBuf, &'static str)>,
}

/// An answer of an interpreter's.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Ok(Value),
    /// The program ended itself.
    Exit(i32),
    /// It failed in its own language.
    Error(Exception),
    /// The arguments do not fit.
    Invalid(String),
}

/// An exception, as the language tells it.
#[derive(Debug, Deserialize)]
pub(crate) struct Exception {
    pub(crate) name: String,
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) stack: String,
}

type Key = (Language, bool, String, Option<std::path::PathBuf>);

/// Those that were used in this process.
static READY: LazyLock<Mutex<HashMap<Key, Arc<Interpreter>>>> = LazyLock::new(Mutex::default);

impl Interpreter {
    /// The interpreter of a language with a prelude, made ready if it is not: fetched, compiled, started.
    pub(crate) fn get(
        language: Language,
        prelude: &str,
        limits: &ResourceLimits,
        setup: &Setup,
    ) -> Result<Arc<Self>, SandboxError> {
        let profile = EngineProfile { images: true, stack_bytes: STACK_BYTES, ..EngineProfile::new(limits, 0) };
        let key = (language, profile.fuel, prelude.to_owned(), setup.cache_dir.clone());
        // Held while it is made ready: a second caller waits for the first instead of compiling again.
        let mut ready = READY.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(interpreter) = ready.get(&key) {
            return Ok(Arc::clone(interpreter));
        }
        let interpreter = Arc::new(Self::load(language, prelude, profile, setup)?);
        ready.insert(key, Arc::clone(&interpreter));
        Ok(interpreter)
    }

    fn load(
        language: Language,
        prelude: &str,
        profile: EngineProfile,
        setup: &Setup,
    ) -> Result<Self, SandboxError> {
        let files = python::files(setup)?;
        let store = Store::open(&files, setup)?;
        let backend = engine::backend(profile)?;
        let module = store.code(&*backend, setup)?;
        let parts = |image| Self { image, language, files, module, linked: Mutex::default() };
        let key = store.image_key(&[files_driver(language), prelude]);
        if let Some(image) = store.image(&key) {
            return Ok(parts(image));
        }
        let _turn = store.cache.turn(&key);
        if let Some(image) = store.image(&key) {
            return Ok(parts(image));
        }
        let _telling = setup.tell(&format!("starting {} (once)", language.name()));
        let first = store.first()?;
        let mut interpreter = parts(first);
        let image = interpreter.after(prelude)?;
        interpreter.image = store.keep(&key, &image)?;
        Ok(interpreter)
    }

    /// What a module of this interpreter's is linked with.
    pub(crate) fn linked(
        &self,
        mode: Mode,
        functions: &Arc<HostFunctions>,
    ) -> Result<Arc<dyn LinkedModule>, SandboxError> {
        let mut linked = self.linked.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |(known, given, _): &&(Mode, Arc<HostFunctions>, _)| *known == mode && Arc::ptr_eq(given, functions);
        if let Some((_, _, module)) = linked.iter().find(same) {
            return Ok(Arc::clone(module));
        }
        let module = self.module.link(functions, mode)?;
        if linked.len() >= MAX_LINKED {
            linked.remove(0);
        }
        linked.push((mode, Arc::clone(functions), Arc::clone(&module)));
        Ok(module)
    }
}
