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

use futures::FutureExt;
use serde_json::json;
use wasm_sandbox_policy::{
    ByteSize, ConfigProblem, GuestPath, InstanceConfig, MountAccess, RandomPolicy, ResourceLimits, SandboxError,
};

pub(crate) use self::ask::{Answer, Exception, ask, begin};
use self::store::Store;
use super::{javascript, python};
use crate::{
    engine::{self, EngineProfile, LinkedModule, LoadedModule, Mode},
    host_function::HostFunctions,
    image::Image,
    instance::Blueprint,
    module::Module,
    mount::Mount,
    setup::Setup,
    source::Language,
    value::WasmValue,
    vfs::{HostTree, MemoryTree, Quota},
};

/// Stack of an interpreter's own calls: so deep that it finds out by itself when a program recurses too far, and raises its
/// own exception. Only what is used takes memory.
pub(crate) const STACK: ByteSize = ByteSize::mib(64);

/// Combinations of mode and host functions that one interpreter keeps ready.
const MAX_LINKED: usize = 16;

/// How images are made; another way has another name.
const RECIPE: &str = "image 2";

/// What making an image may use: a prelude imports whole libraries.
const IMAGE_TIME: Duration = Duration::from_secs(120);
const IMAGE_MEMORY: ByteSize = ByteSize::gib(1);

/// Where scripts keep what they need for a moment.
const TEMPORARY: &str = "/tmp";

/// What an interpreter is made of.
pub(super) struct Files {
    /// Everything that its code and first memory depend on.
    pub(super) version: String,
    pub(super) wasm: Origin,
    /// What it runs once, before any prelude.
    pub(super) driver: &'static str,
    /// Folders of its own that it reads, and where it looks for them.
    pub(super) folders: Vec<(PathBuf, &'static str)>,
}

/// Where an interpreter's module is.
pub(super) enum Origin {
    File(PathBuf),
    Bytes(&'static [u8]),
}

/// An interpreter with a prelude: its code, and the memory that every sandbox of it begins with.
pub(crate) struct Interpreter {
    language: Language,
    files: Files,
    module: Arc<dyn LoadedModule>,
    image: Arc<Image>,
    linked: Mutex<Vec<Linked>>,
}

type Linked = (Mode, Arc<HostFunctions>, Arc<dyn LinkedModule>);
type Key = (Language, bool, String, Option<PathBuf>);

/// An interpreter that is ready, or being made ready by whoever holds the lock.
type Ready = Arc<Mutex<Option<Arc<Interpreter>>>>;

/// Those that were used in this process.
static READY: LazyLock<Mutex<HashMap<Key, Ready>>> = LazyLock::new(Mutex::default);

/// Interpreters that are kept ready, one for each prelude.
const MAX_READY: usize = 64;

impl Interpreter {
    /// The interpreter of a language with a prelude; fetched, compiled and started if that was not done before.
    pub(crate) fn get(
        language: Language,
        prelude: &str,
        limits: &ResourceLimits,
        setup: &Setup,
    ) -> Result<Arc<Self>, SandboxError> {
        let profile = EngineProfile { images: true, stack_bytes: STACK.as_usize(), ..EngineProfile::new(limits, 0) };
        let key = (language, profile.fuel, prelude.to_owned(), setup.cache_dir.clone());
        let place = Self::place(key);
        // Held while it is made ready: a second caller waits for the first instead of compiling again.
        let mut ready = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(interpreter) = &*ready {
            return Ok(Arc::clone(interpreter));
        }
        let interpreter = Arc::new(Self::load(language, prelude, profile, setup)?);
        *ready = Some(Arc::clone(&interpreter));
        Ok(interpreter)
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

    fn load(language: Language, prelude: &str, profile: EngineProfile, setup: &Setup) -> Result<Self, SandboxError> {
        let files = match language {
            Language::JavaScript => javascript::files(),
            _ => python::files(setup)?,
        };
        let store = Store::open(setup)?;
        let module = store.code(&files, &*engine::backend(profile)?, setup)?;
        let key = Store::key(RECIPE, &[&files.version, files.driver, prelude]);
        let with = |files, module, image| Self { language, files, module, image, linked: Mutex::default() };
        if let Some(image) = store.image(&key) {
            return Ok(with(files, module, image));
        }
        let _turn = store.turn(&key);
        if let Some(image) = store.image(&key) {
            return Ok(with(files, module, image));
        }
        let _telling = setup.tell(&format!("starting {} (once)", language.name()));
        let first = store.first(&files)?;
        let driver = files.driver;
        let unprepared = Arc::new(with(files, module, first));
        let (memory, globals) = after(&unprepared, driver, prelude)?;
        let image = store.keep(&key, &memory, &globals)?;
        let Self { files, module, .. } = Arc::into_inner(unprepared)
            .ok_or_else(|| SandboxError::internal("making an image", "something still uses the interpreter"))?;
        Ok(with(files, module, image))
    }

    pub(crate) fn language(&self) -> Language {
        self.language
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
        let message =
            format!("the mount at `{granted}` is where {} keeps its library, `{place}`", self.language.name());
        let problem = ConfigProblem::new("capabilities.filesystem.mounts", message);
        SandboxError::Configuration { problems: vec![problem.suggest("mount it somewhere else, such as `/project`")] }
    }

    /// What a module of this interpreter's is linked with.
    pub(crate) fn linked(
        &self,
        mode: Mode,
        functions: &Arc<HostFunctions>,
    ) -> Result<Arc<dyn LinkedModule>, SandboxError> {
        let mut linked = self.linked.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |(known, given, _): &&Linked| *known == mode && Arc::ptr_eq(given, functions);
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
    let language = interpreter.language;
    let module = Module::unprepared(Arc::clone(interpreter));
    let work = async {
        let mut instance = Blueprint::closed(&module, &config, &Arc::default()).untouched().await?;
        let mut guest = instance.adapter("prelude");
        ask::start(language, &mut guest, driver).await?;
        if prelude.is_empty() {
            return Ok(instance.capture());
        }
        let request = json!({ "op": "eval", "name": "<prelude>", "code": prelude });
        let answer = ask(language, &mut guest, &request, config.limits.input.as_u64()).await?;
        match answer {
            Answer::Ok(_) => Ok(instance.capture()),
            Answer::Error(exception) => {
                Err(SandboxError::Compilation { language: language.name().to_owned(), diagnostics: exception.stack })
            }
            Answer::Exit(_) | Answer::Invalid(_) => {
                Err(SandboxError::internal("making an image", "the prelude ended the program"))
            }
        }
    };
    // In blocking mode a future is ready at its first poll.
    work.now_or_never().unwrap_or_else(|| Err(SandboxError::internal("making an image", "it waits for something")))
}
