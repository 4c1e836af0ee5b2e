//! The sandbox: a configuration, host functions and a module, from which instances come.

use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use wasm_sandbox_policy::{
    ByteSize, ConfigProblem, InstanceConfig, InstanceConfigBuilder, NetworkPolicy, Plain, ResourceLimits, SandboxError,
    SandboxResult,
};

use crate::{
    engine::Mode,
    files::Files,
    function::{ComponentFunction, Function},
    host::{Control, Sink, Stdin},
    host_function::{HostCall, HostError, HostFunctions},
    http_handler::{self, HttpHandler},
    instance::{Blueprint, CallReport, CancelHandle, Instance, Streams},
    link::{self, Provider},
    module::Module,
    prelude::Prelude,
    session::Session,
    setup::Setup,
    snapshot::{Parts, Snapshot, Surroundings},
    source::{Language, Source},
    tool::{Tool, ToolCall, ToolError, Toolbox, Tools},
    value::{ComponentParams, ComponentResults, FunctionParams, FunctionResult},
};

/// A policy and where this machine's caches and compilers are.
#[derive(Clone, Debug, Default)]
pub struct SandboxConfig {
    /// What guests may touch and use.
    pub instance: InstanceConfig,
    /// Caches and compilers. Default: none.
    pub setup: Setup,
}

impl From<InstanceConfig> for SandboxConfig {
    fn from(instance: InstanceConfig) -> Self {
        Self { instance, setup: Setup::discover() }
    }
}

/// Runs untrusted code under one policy. Its guests give way to the tokio runtime every millisecond; the twin in
/// [`blocking`](crate::blocking) runs them on the calling thread.
pub struct WasmSandbox {
    config: SandboxConfig,
    functions: Arc<HostFunctions>,
    tools: Arc<Toolbox>,
    module: Option<Module>,
    instance: Option<Instance>,
    streams: Streams,
    control: Arc<Control>,
    prelude: Prelude,
    mode: Mode,
}

impl WasmSandbox {
    /// A closed sandbox with nothing in it yet; caches and compilers are looked for on this machine.
    ///
    /// # Errors
    /// None today; a machine that cannot hold the default limits will be one.
    pub fn new() -> Result<Self, SandboxError> {
        Self::with_config(SandboxConfig { instance: InstanceConfig::default(), setup: Setup::discover() })
    }

    /// A sandbox with this configuration.
    ///
    /// # Errors
    /// [`SandboxError::Configuration`] with every mistake at once.
    pub fn with_config(config: impl Into<SandboxConfig>) -> Result<Self, SandboxError> {
        let config = config.into();
        let problems = config.instance.validate();
        if !problems.is_empty() {
            return Err(SandboxError::Configuration { problems });
        }
        Ok(Self {
            config,
            functions: Arc::default(),
            tools: Arc::default(),
            module: None,
            instance: None,
            streams: Streams::default(),
            control: Arc::default(),
            prelude: Prelude::default(),
            mode: Mode::Async,
        })
    }

    /// A builder that starts closed.
    pub fn builder() -> WasmSandboxBuilder {
        WasmSandboxBuilder::default()
    }

    /// A closed sandbox with a program or library in it.
    ///
    /// # Errors
    /// The source is not there, does not compile or cannot be run.
    pub async fn from_source(source: impl Into<Source>) -> Result<Self, SandboxError> {
        Self::builder().source(source).build().await
    }

    /// Reads, compiles and screens a module, for instances of this sandbox or another.
    ///
    /// # Errors
    /// The source is not there, does not compile or cannot be run.
    pub async fn load_module(&self, source: impl Into<Source>) -> Result<Module, SandboxError> {
        load(source.into(), self.prelude.clone(), self.config.clone(), self.mode).await
    }

    /// A new instance of a module, with a configuration of its own.
    ///
    /// # Errors
    /// The configuration is wrong, an import is missing, or the module fails while it starts.
    pub async fn create_instance(&self, module: &Module, config: InstanceConfig) -> Result<Instance, SandboxError> {
        let problems = config.validate();
        if !problems.is_empty() {
            return Err(SandboxError::Configuration { problems });
        }
        self.blueprint(module, &config, Vec::new()).loaded().await.map_err(|(error, _)| error)
    }

    /// Calls a function of an instance; the same as [`Instance::call`].
    ///
    /// # Errors
    /// Those of [`Instance::call`].
    pub async fn call_function<A: Serialize, R: DeserializeOwned>(
        &self,
        instance: &mut Instance,
        function: &str,
        arguments: A,
    ) -> Result<R, SandboxError> {
        instance.call(function, arguments).await
    }

    /// Calls a function of the sandbox's own module. The instance is made by the first call and kept; one that has ended is
    /// replaced by a fresh one at the next call, and what it held is lost.
    ///
    /// # Errors
    /// Those of [`Instance::call`].
    pub async fn call<A: Serialize, R: DeserializeOwned>(
        &mut self,
        function: &str,
        arguments: A,
    ) -> Result<R, SandboxError> {
        self.instance().await?.call(function, arguments).await
    }

    /// Calls a function with words of a command line; see [`Instance::call_words`].
    ///
    /// # Errors
    /// Those of [`Instance::call_words`].
    pub async fn call_words(&mut self, function: &str, words: &[String]) -> Result<CallReport, SandboxError> {
        match self.loaded().await {
            Ok(instance) => instance.call_words(function, words).await,
            Err((error, Some(result))) => Ok(CallReport { result: *result, error: Some(error) }),
            Err((error, None)) => Err(error),
        }
    }

    /// A handle to a function of the sandbox's own module; see [`Instance::function`].
    ///
    /// # Errors
    /// Those of [`Instance::function`], and of making the instance.
    pub async fn function<P: FunctionParams, R: FunctionResult>(
        &mut self,
        name: &str,
    ) -> Result<Function<'_, P, R>, SandboxError> {
        self.instance().await?.function(name)
    }

    /// A handle to a function of the sandbox's own component; see [`Instance::component_function`].
    ///
    /// # Errors
    /// Those of [`Instance::component_function`], and of making the instance.
    pub async fn component_function<P: ComponentParams, R: ComponentResults>(
        &mut self,
        name: &str,
    ) -> Result<ComponentFunction<'_, P, R>, SandboxError> {
        self.instance().await?.component_function(name)
    }

    /// Runs the sandbox's program from start to end in a fresh instance. `arguments` are those after the program's name.
    ///
    /// # Errors
    /// It is no program, or the sandbox failed. How the program ended is in the result.
    pub async fn execute<I>(&self, arguments: I) -> Result<SandboxResult, SandboxError>
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.execute_with_files(arguments).await.map(|(result, _)| result)
    }

    /// As [`execute`](Self::execute), with what the program's mounts hold at its end: what it left in a tree in memory or
    /// changed in an overlay is in nothing else, and gone with the [`Files`].
    ///
    /// # Errors
    /// Those of [`execute`](Self::execute).
    pub async fn execute_with_files<I>(&self, arguments: I) -> Result<(SandboxResult, Files), SandboxError>
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let module = self.module()?;
        let name = std::iter::once(module.name().to_owned());
        let arguments = name.chain(arguments.into_iter().map(Into::into)).collect();
        self.blueprint(module, &self.config.instance, arguments).execute().await
    }

    /// Answers HTTP requests with the sandbox's module, each in a fresh instance under the sandbox's policy and limits.
    ///
    /// # Errors
    /// [`SandboxError::NotRunnable`] when the module answers none.
    pub fn http_handler(&self) -> Result<HttpHandler, SandboxError> {
        let module = self.module()?.clone();
        module.http_handler()?;
        Ok(HttpHandler::new(http_handler::Parts {
            loaded: http_handler::Loaded::default(),
            module,
            config: self.config.instance.clone(),
            functions: Arc::clone(&self.functions),
            tools: Arc::clone(&self.tools),
            streams: self.streams.clone(),
            control: Arc::clone(&self.control),
        }))
    }

    /// A live interpreter under the sandbox's policy; it takes part in nothing else that the sandbox runs.
    ///
    /// # Errors
    /// The language is not one that is interpreted, or its interpreter cannot be had.
    pub async fn session(&self, language: Language) -> Result<Session, SandboxError> {
        let runtime = language.runtime().ok_or_else(|| SandboxError::NotRunnable {
            what: language.name().to_owned(),
            reason: "a session needs a language that is interpreted".to_owned(),
        })?;
        let prelude = self.prelude.code(runtime)?;
        let module = Module::interpreter(runtime, Arc::clone(&prelude), &self.config);
        prepare(module.clone(), self.config.instance.limits.clone(), self.mode).await?;
        let parts = Parts {
            runtime,
            config: self.config.instance.clone(),
            functions: Arc::clone(&self.functions),
            tools: Arc::clone(&self.tools),
            streams: self.streams.clone(),
            setup: self.config.setup.clone(),
            prelude,
            mode: self.mode,
            control: Arc::clone(&self.control),
            module,
        };
        let control = self.control.child();
        let blueprint = self.blueprint(&parts.module, &parts.config, Vec::new());
        let instance = Blueprint { control, forks: true, ..blueprint }.untouched().await?;
        Ok(Session::new(instance, parts))
    }

    /// Reads what [`Snapshot::to_bytes`] or [`Session::suspend`] made. Sessions that begin with it have the policy that it
    /// was taken under, which must allow nothing that this sandbox's does not, and the streams, host functions and tools of
    /// this sandbox.
    ///
    /// # Errors
    /// [`SandboxError::NotRunnable`] when the bytes were changed, were sealed with another key, or come from another version;
    /// [`SandboxError::SecurityViolation`] when their policy allows more than the sandbox's.
    pub async fn snapshot(&self, bytes: &[u8]) -> Result<Snapshot, SandboxError> {
        let surroundings = Surroundings {
            config: self.config.clone(),
            functions: Arc::clone(&self.functions),
            tools: Arc::clone(&self.tools),
            streams: self.streams.clone(),
            mode: self.mode,
            control: Arc::clone(&self.control),
        };
        let bytes = bytes.to_vec();
        // The interpreter may have to be fetched and compiled first.
        off_the_executor(move || Snapshot::from_bytes(&bytes, surroundings), self.mode).await
    }

    /// Goes on with a session that was suspended, here or elsewhere; the same as [`snapshot`](Self::snapshot) and
    /// [`Snapshot::session`].
    ///
    /// # Errors
    /// Those of [`snapshot`](Self::snapshot).
    pub async fn resume(&self, suspended: &[u8]) -> Result<Session, SandboxError> {
        self.snapshot(suspended).await?.session().await
    }

    /// What the last call used, printed, changed and was refused; see [`Instance::take_report`]. Empty before the first.
    pub fn take_report(&mut self) -> SandboxResult {
        self.instance.as_mut().map(Instance::take_report).unwrap_or_else(SandboxResult::empty)
    }

    /// What the mounts of the instance that [`call`](Self::call) made hold; nothing before the first. For a program there is
    /// [`execute_with_files`](Self::execute_with_files).
    pub fn files(&self) -> Files {
        self.instance.as_ref().map(Instance::files).unwrap_or_default()
    }

    /// The sandbox's own module.
    ///
    /// # Errors
    /// There is none: it was built without a source.
    pub fn module(&self) -> Result<&Module, SandboxError> {
        self.module.as_ref().ok_or_else(|| SandboxError::NotRunnable {
            what: "sandbox".to_owned(),
            reason:
                "it has no source: build it with `WasmSandbox::builder().source(...)` or `WasmSandbox::from_source`"
                    .to_owned(),
        })
    }

    /// A handle that cancels whatever the sandbox runs, from another thread.
    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle::new(Arc::clone(&self.control))
    }

    /// The same, giving way instead of blocking, with no instance yet.
    pub(crate) fn into_async(self) -> Self {
        let instance = self.instance.filter(|_| self.mode == Mode::Async);
        Self { mode: Mode::Async, instance, ..self }
    }

    async fn instance(&mut self) -> Result<&mut Instance, SandboxError> {
        self.loaded().await.map_err(|(error, _)| error)
    }

    /// The instance; of a script that has failed as it was loaded, also what it has done until then.
    async fn loaded(&mut self) -> Result<&mut Instance, (SandboxError, Option<Box<SandboxResult>>)> {
        // One that has ended is freed first: it holds the place of its successor.
        let live = match self.instance.take().filter(|instance| !instance.ended()) {
            Some(instance) => instance,
            None => {
                let module = self.module().map_err(|error| (error, None))?;
                self.blueprint(module, &self.config.instance, Vec::new()).loaded().await?
            }
        };
        Ok(self.instance.insert(live))
    }

    fn blueprint<'a>(
        &'a self,
        module: &'a Module,
        config: &'a InstanceConfig,
        arguments: Vec<String>,
    ) -> Blueprint<'a> {
        Blueprint {
            module,
            config,
            functions: &self.functions,
            tools: Arc::clone(&self.tools),
            mode: self.mode,
            arguments,
            streams: self.streams.clone(),
            control: Arc::clone(&self.control),
            forks: false,
            state: None,
        }
    }
}

/// Reads and compiles on this thread, or on one that may block.
async fn load(source: Source, prelude: Prelude, config: SandboxConfig, mode: Mode) -> Result<Module, SandboxError> {
    let work = move || {
        let module = Module::load(&source, &prelude, &config)?;
        module.prepare(&config.instance.limits)?;
        Ok(module)
    };
    off_the_executor(work, mode).await
}

async fn prepare(module: Module, limits: ResourceLimits, mode: Mode) -> Result<(), SandboxError> {
    off_the_executor(move || module.prepare(&limits), mode).await
}

async fn off_the_executor<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SandboxError> + Send + 'static,
    mode: Mode,
) -> Result<T, SandboxError> {
    match mode {
        Mode::Blocking => work(),
        Mode::Async => tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|error| Err(SandboxError::internal("compiling", error))),
    }
}

/// Builds a [`WasmSandbox`]; everything is checked in `build`.
#[derive(Clone, Default)]
#[must_use]
pub struct WasmSandboxBuilder {
    config: InstanceConfigBuilder,
    setup: Option<Setup>,
    source: Option<Source>,
    functions: HostFunctions,
    tools: Tools,
    streams: Streams,
    prelude: Option<String>,
    image: Option<String>,
    providers: Vec<Provider>,
}

impl WasmSandboxBuilder {
    /// The program or library.
    pub fn source(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Code that an interpreter runs once, before anything else; what it imports and defines is there at once in every
    /// sandbox of the same prelude. It runs in a sandbox of its own with nothing granted. Default: none.
    ///
    /// It is for code that is trusted to be run once for all: whatever random numbers it draws, all sandboxes share.
    pub fn prelude(mut self, code: impl Into<String>) -> Self {
        self.prelude = Some(code.into());
        self
    }

    /// Begins with an image of this name: `python-numpy`, `python-data`, or one that [`Setup::build_image`] defined. It is
    /// built by its first use. Default: none.
    pub fn image(mut self, name: impl Into<String>) -> Self {
        self.image = Some(name.into());
        self
    }

    /// Caches and compilers. Default: [`Setup::discover`].
    pub fn setup(mut self, setup: Setup) -> Self {
        self.setup = Some(setup);
        self
    }

    /// The whole policy at once; what was set before is replaced.
    pub fn config(mut self, config: InstanceConfig) -> Self {
        self.config = InstanceConfigBuilder::from_config(config);
        self
    }

    /// Changes the policy through its own builder, which has everything that is not here.
    pub fn policy(mut self, change: impl FnOnce(InstanceConfigBuilder) -> InstanceConfigBuilder) -> Self {
        self.config = change(self.config);
        self
    }

    /// Wall time for one run or call. Default 30s.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.policy(|config| config.timeout(timeout))
    }

    /// Linear memory, an interpreter's own included, and files in memory. Default 256MB.
    pub fn memory_limit(self, memory: ByteSize) -> Self {
        self.policy(|config| config.memory_limit(memory))
    }

    /// Counted instructions. Default: not counted.
    pub fn fuel(self, units: u64) -> Self {
        self.policy(|config| config.fuel(units))
    }

    /// A host directory that the guest may read, at the guest path `guest`.
    pub fn filesystem_read(self, host: impl Into<PathBuf>, guest: &str) -> Self {
        self.policy(|config| config.filesystem_read(host, guest))
    }

    /// A host directory that the guest may read and write, at the guest path `guest`.
    pub fn filesystem_write(self, host: impl Into<PathBuf>, guest: &str) -> Self {
        self.policy(|config| config.filesystem_write(host, guest))
    }

    /// No network at all, which is the default; said aloud.
    pub fn network_deny_all(self) -> Self {
        self.policy(InstanceConfigBuilder::network_deny_all)
    }

    /// Lets the guest connect to what a rule names, such as `example.com:443`.
    pub fn network_allow(self, rule: &str) -> Self {
        self.policy(|config| config.network_allow(rule))
    }

    /// Adds a header to every request to one host and port over TLS; the guest never sees it.
    pub fn network_secret(self, host: &str, header: &str, value: &str) -> Self {
        self.policy(|config| config.network_secret(host, header, value))
    }

    /// All that is granted of the network at once.
    pub fn network(self, network: NetworkPolicy) -> Self {
        self.policy(|config| config.network(network))
    }

    /// An environment variable.
    pub fn env(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.policy(|config| config.env(name, value))
    }

    /// Bytes that the guest reads as its standard input. Default: none.
    pub fn stdin(mut self, bytes: impl Into<Arc<[u8]>>) -> Self {
        self.streams.stdin = Stdin::Bytes(bytes.into());
        self
    }

    /// Hands standard output to a function as it comes, instead of keeping it for the result. The function runs on the
    /// guest's thread and holds up the guest while it runs; no deadline interrupts it.
    pub fn stdout_to(mut self, write: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        self.streams.stdout = Sink::Callback(Arc::new(write));
        self
    }

    /// As [`stdout_to`](Self::stdout_to) for standard error.
    pub fn stderr_to(mut self, write: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        self.streams.stderr = Sink::Callback(Arc::new(write));
        self
    }

    /// Gives the guest this process's own standard input, output and error. A guest that writes to the output when nobody reads
    /// that any more ends with exit code 141, as a process that the signal for it ends.
    pub fn inherit_stdio(mut self) -> Self {
        self.streams = Streams { stdin: Stdin::Inherit, stdout: Sink::Inherit, stderr: Sink::Inherit };
        self
    }

    /// A function that the guest may import as `module.name`. `P` is a tuple of numbers, `R` a number or `()`; text and
    /// bytes go through the [`HostCall`]. It runs on the guest's thread, and no deadline interrupts it; one that waits
    /// belongs into [`host_function_async`](Self::host_function_async). A panic in it ends the guest, not the process.
    pub fn host_function<P, R, F>(mut self, module: &str, name: &str, function: F) -> Self
    where
        P: FunctionParams,
        R: FunctionResult,
        F: Fn(&mut HostCall<'_>, P) -> Result<R, HostError> + Send + Sync + 'static,
    {
        self.functions.add_sync(module, name, function);
        self
    }

    /// As [`host_function`](Self::host_function) with a future, which is dropped at the guest's deadline or when it is
    /// cancelled. The memory can be read before the future is made, not by the future.
    pub fn host_function_async<P, R, F, O>(mut self, module: &str, name: &str, function: F) -> Self
    where
        P: FunctionParams,
        R: FunctionResult,
        F: Fn(&mut HostCall<'_>, P) -> O + Send + Sync + 'static,
        O: Future<Output = Result<R, HostError>> + Send + 'static,
    {
        self.functions.add_async(module, name, function);
        self
    }

    /// A function that programs in Python and JavaScript call by name: `tools.search(query="x")`. How its calls went is in
    /// [`SandboxResult::tool_calls`]. Components import them; other compiled guests have no way to call them, and do not run in a sandbox with tools.
    pub fn tool(mut self, tool: Tool) -> Self {
        self.tools.tools.push(tool);
        self
    }

    /// Serves functions that the sandbox's component imports with those of another sandbox: with the export of the same interface
    /// and name, or of the same name. The other keeps its policy and its limits; one instance of it serves one call at a time, and
    /// the two sandboxes share nothing but the values that go between them, and resources cannot. Each call is a tool's: past the gate,
    /// in the records, under the deadline. A tool of the import's name goes before it.
    ///
    /// What the other's function returns as `Err` is the import's; that it traps or meets a limit is a tool that failed.
    pub fn link(mut self, provider: impl Into<Provider>) -> Self {
        self.providers.push(provider.into());
        self
    }

    /// A function that looks at each call of a tool before it is made, and may refuse it: the guest gets an exception, and
    /// the result has a denial. It may block, as a tool may. Default: nothing is refused.
    pub fn tool_gate(mut self, gate: impl Fn(&ToolCall<'_>) -> Result<(), ToolError> + Send + Sync + 'static) -> Self {
        self.tools.gate = Some(Arc::new(gate));
        self
    }

    /// The sandbox, its source compiled.
    ///
    /// # Errors
    /// [`SandboxError::Configuration`] with every mistake at once; a source that is not there, does not compile or cannot be
    /// run.
    pub async fn build(self) -> Result<WasmSandbox, SandboxError> {
        self.build_for(Mode::Async).await
    }

    pub(crate) async fn build_for(self, mode: Mode) -> Result<WasmSandbox, SandboxError> {
        let setup = self.setup.unwrap_or_else(Setup::discover);
        let config = SandboxConfig { instance: self.config.build()?, setup };
        let prelude = match (self.prelude, self.image) {
            (Some(_), Some(name)) => return Err(two_preludes(&name)),
            (Some(code), None) => Prelude::new(code),
            (None, Some(name)) => Prelude::of_image(&config.setup.image(&name)?)?,
            (None, None) => Prelude::default(),
        };
        let module = match self.source {
            Some(source) => Some(load(source, prelude.clone(), config.clone(), mode).await?),
            None => None,
        };
        let mut tools = self.tools;
        match &module {
            Some(module) => tools.tools.extend(link::tools(module, &self.providers, &tools.tools)?),
            None if self.providers.is_empty() => {}
            None => return Err(nothing_to_link()),
        }
        let tools = Toolbox::new(tools).map_err(|problems| SandboxError::Configuration { problems })?;
        module.as_ref().map_or(Ok(()), |module| module.takes(&tools, &config.instance.capabilities.network))?;
        Ok(WasmSandbox {
            config,
            functions: Arc::new(self.functions),
            tools: Arc::new(tools),
            module,
            instance: None,
            streams: self.streams,
            control: Arc::default(),
            prelude,
            mode,
        })
    }
}

fn nothing_to_link() -> SandboxError {
    let problem = ConfigProblem::new("link", "there is no component whose imports could be served");
    SandboxError::Configuration { problems: vec![problem.suggest("give it as the source")] }
}

fn two_preludes(image: &str) -> SandboxError {
    let problem = ConfigProblem::new("image", format!("the image `{}` has a prelude of its own", Plain::line(image)));
    let advice = "define an image with both: `wasm-sandbox image build`, or `Setup::build_image`";
    SandboxError::Configuration { problems: vec![problem.suggest(advice)] }
}
