//! Languages whose sources run as they are, in an interpreter whose memory is an image.
//!
//! What differs between them is small: where the interpreter comes from ([`python`]), and how a request gets in and its
//! answer out ([`ask`]).

mod ask;
mod store;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use serde_json::json;
use wasm_sandbox_policy::{
    ByteSize, ConfigProblem, GuestPath, InstanceConfig, MountAccess, RandomPolicy, ResourceLimits, SandboxError,
};

pub(crate) use self::ask::{Answer, Exception, ask, seed};
use self::store::Store;
use super::{javascript, python};
use crate::{
    engine::{self, EngineProfile, LinkedModule, Mode, at_first_poll, cache::CacheKey, loaded::Loaded},
    host_function::HostFunctions,
    image::Image,
    instance::Blueprint,
    module::Module,
    mount::Mount,
    setup::Setup,
    value::WasmValue,
    vfs::{HostTree, MemoryTree, Quota},
};

/// Stack of an interpreter's own calls: so deep that it finds out by itself when a program recurses too far, and raises its
/// own exception. Only what is used takes memory.
pub(crate) const STACK: ByteSize = ByteSize::mib(64);

/// How images are made; another way has another name.
const RECIPE: &str = "image 3";

/// What making an image may use: a prelude imports whole libraries.
const IMAGE_TIME: Duration = Duration::from_secs(120);
const IMAGE_MEMORY: ByteSize = ByteSize::gib(1);

/// Where scripts keep what they need for a moment.
pub(crate) const TEMPORARY: &str = "/tmp";

/// What an interpreter is made of.
pub(super) struct Files {
    /// Everything that its code and first memory depend on.
    pub(super) version: String,
    pub(super) wasm: Origin,
    /// What it runs once, before any prelude.
    pub(super) driver: &'static str,
    /// What has to be different in its first memory.
    pub(super) mend: fn(&mut [u8]) -> Result<(), String>,
    /// Folders of its own that it reads, and where it looks for them.
    pub(super) folders: Vec<(PathBuf, &'static str)>,
}

/// Where an interpreter's module is.
pub(super) enum Origin {
    File(PathBuf),
    Bytes(&'static [u8]),
}

/// A program that runs sources as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Runtime {
    /// CPython.
    Python,
    /// QuickJS.
    JavaScript,
    /// The same, which is told that its texts are in TypeScript.
    TypeScript,
}

impl Runtime {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::TypeScript => "TypeScript",
        }
    }

    /// The one of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Python, Self::JavaScript, Self::TypeScript].into_iter().find(|runtime| runtime.name() == name)
    }

    /// Under which the image of a prelude is kept.
    fn key(self, prelude: &str) -> Result<CacheKey, SandboxError> {
        let driver = match self {
            Self::Python => python::DRIVER,
            Self::JavaScript | Self::TypeScript => javascript::DRIVER,
        };
        let (name, version) = (self.with(prelude).name(), self.version()?);
        Ok(CacheKey::new(RECIPE, &[name.as_bytes(), version.as_bytes(), driver.as_bytes(), prelude.as_bytes()]))
    }

    /// Everything that its code depends on.
    fn version(self) -> Result<String, SandboxError> {
        match self {
            Self::Python => python::version(),
            Self::JavaScript | Self::TypeScript => Ok(javascript::version()),
        }
    }

    fn files(self, setup: &Setup) -> Result<Files, SandboxError> {
        match self {
            Self::Python => python::files(setup),
            Self::JavaScript | Self::TypeScript => Ok(javascript::files()),
        }
    }

    /// Whose interpreter is used. Only a prelude makes one of TypeScript's own.
    fn with(self, prelude: &str) -> Self {
        match self {
            Self::TypeScript if prelude.is_empty() => Self::JavaScript,
            other => other,
        }
    }
}

/// An interpreter with a prelude: its code, and the memory that every sandbox of it begins with.
pub(crate) struct Interpreter {
    runtime: Runtime,
    files: Files,
    code: Mutex<Loaded>,
    image: Arc<Image>,
}

type Key = (Runtime, bool, String, Option<PathBuf>);

/// An interpreter that is ready, or being made ready by whoever holds the lock.
type Ready = Arc<Mutex<Option<Arc<Interpreter>>>>;

/// Those that were used in this process.
static READY: LazyLock<Mutex<HashMap<Key, Ready>>> = LazyLock::new(Mutex::default);

/// Interpreters that are kept ready, one for each prelude.
const MAX_READY: usize = 64;

impl Interpreter {
    /// The interpreter of a language with a prelude; fetched, compiled and started if that was not done before.
    pub(crate) fn get(
        runtime: Runtime,
        prelude: &str,
        limits: &ResourceLimits,
        setup: &Setup,
    ) -> Result<Arc<Self>, SandboxError> {
        let runtime = runtime.with(prelude);
        let profile = profile(limits);
        let key = (runtime, profile.fuel, prelude.to_owned(), setup.cache_dir.clone());
        let place = Self::place(key);
        // Held while it is made ready: a second caller waits for the first instead of compiling again.
        let mut ready = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(interpreter) = &*ready {
            return Ok(Arc::clone(interpreter));
        }
        let interpreter = Arc::new(Self::load(runtime, prelude, profile, setup)?);
        *ready = Some(Arc::clone(&interpreter));
        Ok(interpreter)
    }

    /// Whether the first use of a language has been gone through, so that the next one does not take long.
    pub(crate) fn is_ready(runtime: Runtime, setup: &Setup) -> bool {
        let ready = || {
            let (store, backend) = (Store::open(setup)?, engine::backend(profile(&ResourceLimits::default()))?);
            Ok::<_, SandboxError>(
                store.has_code(&*backend, &runtime.version()?) && store.image(&runtime.key("")?).is_some(),
            )
        };
        ready().unwrap_or(false)
    }

    /// Bytes of the image that is kept on disk for a prelude, if it is.
    pub(crate) fn stored_bytes(runtime: Runtime, prelude: &str, setup: &Setup) -> Option<u64> {
        let image = Store::open(setup).ok()?.image(&runtime.key(prelude).ok()?)?;
        Some(image.len() as u64)
    }

    /// Removes what is kept for a prelude, on disk and in this process.
    ///
    /// # Errors
    /// The cache directory cannot be written.
    pub(crate) fn forget(runtime: Runtime, prelude: &str, setup: &Setup) -> Result<(), SandboxError> {
        let runtime = runtime.with(prelude);
        let mut ready = READY.lock().unwrap_or_else(PoisonError::into_inner);
        ready.retain(|(other, _, text, folder), _| *other != runtime || text != prelude || *folder != setup.cache_dir);
        drop(ready);
        Store::open(setup)?.remove(&runtime.key(prelude)?)
    }

    /// Where the interpreter of a key is, or will be. When there are too many, one that nobody is about to use goes.
    fn place(key: Key) -> Ready {
        let mut all = READY.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_READY && !all.contains_key(&key) {
            let idle = all.iter().find(|(_, place)| Arc::strong_count(place) == 1).map(|(key, _)| key.clone());
            idle.and_then(|key| all.remove(&key));
        }
        Arc::clone(all.entry(key).or_default())
    }

    fn load(runtime: Runtime, prelude: &str, profile: EngineProfile, setup: &Setup) -> Result<Self, SandboxError> {
        let files = runtime.files(setup)?;
        let store = Store::open(setup)?;
        let fuel = if profile.fuel { " with fuel" } else { "" };
        let long = if runtime == Runtime::Python { ", 1-2 min" } else { "" };
        let what = format!("compiling {}{fuel} (once{long})", runtime.name());
        let code = store.code(&files, &*engine::backend(profile)?, &what, setup)?;
        let code = Mutex::new(Loaded::new(code, Vec::new()));
        let key = runtime.key(prelude)?;
        let with = |files, code, image| Self { runtime, files, code, image };
        if let Some(image) = store.image(&key) {
            return Ok(with(files, code, image));
        }
        let _turn = store.turn(&key);
        if let Some(image) = store.image(&key) {
            return Ok(with(files, code, image));
        }
        let _telling = setup.tell(&format!("starting {} (once)", runtime.name()));
        let first = store.first(&files)?;
        let driver = files.driver;
        let unprepared = Arc::new(with(files, code, first));
        let (memory, globals) = after(&unprepared, driver, prelude)?;
        let image = store.keep(&key, &memory, &globals)?;
        let Self { files, code, .. } = Arc::into_inner(unprepared)
            .ok_or_else(|| SandboxError::internal("making an image", "something still uses the interpreter"))?;
        Ok(with(files, code, image))
    }

    pub(crate) fn runtime(&self) -> Runtime {
        self.runtime
    }

    pub(crate) fn image(&self) -> Arc<Image> {
        Arc::clone(&self.image)
    }

    /// What instances see besides what was granted: the interpreter's own library, and a place for temporary files if none
    /// was granted.
    ///
    /// # Errors
    /// Something was granted where the library has to be.
    pub(crate) fn mounts(&self, granted: &[Mount], quota: &Arc<Quota>) -> Result<Vec<Mount>, SandboxError> {
        let mut own = Vec::new();
        for (folder, place) in &self.files.folders {
            let place = guest_path(place)?;
            if let Some((granted, _)) = granted.iter().find(|(granted, _)| overlap(granted, &place)) {
                return Err(self.in_the_way(granted, &place));
            }
            own.push((place, HostTree::open(folder, MountAccess::Read, Arc::clone(quota))?));
        }
        let temporary = guest_path(TEMPORARY)?;
        if granted.iter().all(|(place, _)| *place != temporary) {
            own.push((temporary, MemoryTree::empty(Arc::clone(quota))));
        }
        Ok(own)
    }

    fn in_the_way(&self, granted: &GuestPath, place: &GuestPath) -> SandboxError {
        let message = format!("the mount at `{granted}` is where {} keeps its library, `{place}`", self.runtime.name());
        let problem = ConfigProblem::new("capabilities.filesystem.mounts", message);
        SandboxError::Configuration { problems: vec![problem.suggest("mount it somewhere else, such as `/project`")] }
    }

    /// The code that its modules run, with its imports resolved.
    pub(crate) fn linked(
        &self,
        mode: Mode,
        functions: &Arc<HostFunctions>,
    ) -> Result<Arc<dyn LinkedModule>, SandboxError> {
        self.code.lock().unwrap_or_else(PoisonError::into_inner).linked(mode, functions)
    }
}

/// The engine that interpreters run on.
fn profile(limits: &ResourceLimits) -> EngineProfile {
    EngineProfile { images: true, stack_bytes: STACK.as_usize(), ..EngineProfile::new(limits, 0) }
}

/// Whether one path is the other or inside it.
fn overlap(one: &GuestPath, other: &GuestPath) -> bool {
    let inside = |path: &str, folder: &str| {
        path.strip_prefix(folder.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    inside(one.as_str(), other.as_str()) || inside(other.as_str(), one.as_str())
}

fn guest_path(path: &str) -> Result<GuestPath, SandboxError> {
    path.parse().map_err(|error| SandboxError::internal(format!("the guest path {path}"), error))
}

/// What memory and globals hold once driver and prelude have run.
fn after(
    interpreter: &Arc<Interpreter>,
    driver: &str,
    prelude: &str,
) -> Result<(Vec<u8>, Vec<WasmValue>), SandboxError> {
    // Random numbers that an image holds must be nobody's secret: every instance draws its own.
    let config = InstanceConfig::builder()
        .memory_limit(IMAGE_MEMORY)
        .timeout(IMAGE_TIME)
        .cpu_time(IMAGE_TIME)
        .random(RandomPolicy::Seeded(0))
        .build()?;
    let runtime = interpreter.runtime;
    let module = Module::unprepared(Arc::clone(interpreter));
    let work = async {
        let mut instance = Blueprint::closed(&module, &config, &Arc::default()).untouched().await?;
        let mut guest = instance.adapter("prelude");
        ask::start(runtime, &mut guest, driver).await?;
        if prelude.is_empty() {
            return Ok(instance.capture());
        }
        let request = json!({ "op": "eval", "name": "<prelude>", "code": prelude });
        let answer = ask(runtime, &mut guest, &request, config.limits.input.as_u64()).await?;
        match answer {
            Answer::Ok(_) => Ok(instance.capture()),
            Answer::Error(exception) => {
                Err(SandboxError::Compilation { language: runtime.name().to_owned(), diagnostics: exception.story() })
            }
            Answer::Exit(_) | Answer::Invalid(_) => {
                Err(SandboxError::internal("making an image", "the prelude ended the program"))
            }
        }
    };
    // In blocking mode a future is ready at its first poll.
    at_first_poll(|| work).unwrap_or_else(|| Err(SandboxError::internal("making an image", "it waits for something")))
}
