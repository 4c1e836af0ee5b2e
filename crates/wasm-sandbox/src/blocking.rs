//! The same sandbox for programs without an executor: guests run on the calling thread.

use std::{future::Future, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use wasm_sandbox_policy::{InstanceConfig, SandboxError, SandboxResult};

use crate::{
    engine::{Mode, at_first_poll},
    files::Files,
    instance::{CallReport, CancelHandle},
    module::Module,
    sandbox::{SandboxConfig, WasmSandboxBuilder},
    source::{Language, Source},
    value::{ComponentParams, ComponentResults, FunctionParams, FunctionResult},
};

/// Futures of blocking instances never wait: whatever they do is done at the first poll.
fn now<T, F: Future<Output = Result<T, SandboxError>>>(make: impl FnOnce() -> F) -> Result<T, SandboxError> {
    at_first_poll(make).unwrap_or_else(|| Err(SandboxError::internal("a blocking call", "it did not block")))
}

/// As [`run`](crate::run()).
///
/// # Errors
/// Those of [`run`](crate::run()).
pub fn run<A: Serialize, R: DeserializeOwned>(
    source: impl Into<Source>,
    function: &str,
    arguments: A,
) -> Result<R, SandboxError> {
    WasmSandbox::from_source(source)?.call(function, arguments)
}

/// As [`run_with_timeout`](crate::run_with_timeout).
///
/// # Errors
/// Those of [`run`](crate::run()).
pub fn run_with_timeout<A: Serialize, R: DeserializeOwned>(
    source: impl Into<Source>,
    function: &str,
    arguments: A,
    timeout: Duration,
) -> Result<R, SandboxError> {
    WasmSandbox::builder().source(source).timeout(timeout).build_blocking()?.call(function, arguments)
}

/// As [`execute`](crate::execute).
///
/// # Errors
/// Those of [`execute`](crate::execute).
pub fn execute<I>(source: impl Into<Source>, arguments: I) -> Result<SandboxResult, SandboxError>
where
    I: IntoIterator,
    I::Item: Into<String>,
{
    WasmSandbox::from_source(source)?.execute(arguments)
}

/// The twin of [`WasmSandbox`](crate::WasmSandbox) that blocks.
pub struct WasmSandbox(crate::sandbox::WasmSandbox);

impl WasmSandbox {
    pub(crate) fn into_inner(self) -> crate::sandbox::WasmSandbox {
        self.0
    }
}

impl WasmSandboxBuilder {
    /// The sandbox for a program without an executor.
    ///
    /// # Errors
    /// Those of [`build`](Self::build).
    pub fn build_blocking(self) -> Result<WasmSandbox, SandboxError> {
        now(|| self.build_for(Mode::Blocking)).map(WasmSandbox)
    }
}

impl WasmSandbox {
    /// A closed sandbox with nothing in it yet.
    ///
    /// # Errors
    /// Those of [`WasmSandbox::new`](crate::WasmSandbox::new).
    pub fn new() -> Result<Self, SandboxError> {
        Self::builder().build_blocking()
    }

    /// A sandbox with this configuration.
    ///
    /// # Errors
    /// [`SandboxError::Configuration`] with every mistake at once.
    pub fn with_config(config: impl Into<SandboxConfig>) -> Result<Self, SandboxError> {
        let config = config.into();
        Self::builder().config(config.instance).setup(config.setup).build_blocking()
    }

    /// A builder that starts closed; finish it with `build_blocking`.
    pub fn builder() -> WasmSandboxBuilder {
        WasmSandboxBuilder::default()
    }

    /// A closed sandbox with a program or library in it.
    ///
    /// # Errors
    /// The source is not there, does not compile or cannot be run.
    pub fn from_source(source: impl Into<Source>) -> Result<Self, SandboxError> {
        Self::builder().source(source).build_blocking()
    }

    /// Reads, compiles and screens a module.
    ///
    /// # Errors
    /// The source is not there, does not compile or cannot be run.
    pub fn load_module(&self, source: impl Into<Source>) -> Result<Module, SandboxError> {
        now(|| self.0.load_module(source))
    }

    /// A new instance of a module, with a configuration of its own.
    ///
    /// # Errors
    /// The configuration is wrong, an import is missing, or the module fails while it starts.
    pub fn create_instance(&self, module: &Module, config: InstanceConfig) -> Result<Instance, SandboxError> {
        now(|| self.0.create_instance(module, config)).map(Instance)
    }

    /// Calls a function of an instance; the same as [`Instance::call`].
    ///
    /// # Errors
    /// Those of [`Instance::call`](crate::Instance::call).
    pub fn call_function<A: Serialize, R: DeserializeOwned>(
        &self,
        instance: &mut Instance,
        function: &str,
        arguments: A,
    ) -> Result<R, SandboxError> {
        instance.call(function, arguments)
    }

    /// Calls a function of the sandbox's own module; see [`WasmSandbox::call`](crate::WasmSandbox::call).
    ///
    /// # Errors
    /// Those of [`Instance::call`](crate::Instance::call).
    pub fn call<A: Serialize, R: DeserializeOwned>(&mut self, function: &str, arguments: A) -> Result<R, SandboxError> {
        now(|| self.0.call(function, arguments))
    }

    /// Calls a function with words of a command line; see [`Instance::call_words`](crate::Instance::call_words).
    ///
    /// # Errors
    /// Those of [`Instance::call_words`](crate::Instance::call_words).
    pub fn call_words(&mut self, function: &str, words: &[String]) -> Result<CallReport, SandboxError> {
        now(|| self.0.call_words(function, words))
    }

    /// A handle to a function of the sandbox's own module; see [`Instance::function`](crate::Instance::function).
    ///
    /// # Errors
    /// Those of [`Instance::function`](crate::Instance::function).
    pub fn function<P: FunctionParams, R: FunctionResult>(
        &mut self,
        name: &str,
    ) -> Result<Function<'_, P, R>, SandboxError> {
        now(|| self.0.function(name)).map(Function)
    }

    /// A handle to a function of the sandbox's own component; see
    /// [`Instance::component_function`](crate::Instance::component_function).
    ///
    /// # Errors
    /// Those of [`Instance::component_function`](crate::Instance::component_function).
    pub fn component_function<P: ComponentParams, R: ComponentResults>(
        &mut self,
        name: &str,
    ) -> Result<ComponentFunction<'_, P, R>, SandboxError> {
        now(|| self.0.component_function(name)).map(ComponentFunction)
    }

    /// Runs the sandbox's program; see [`WasmSandbox::execute`](crate::WasmSandbox::execute).
    ///
    /// # Errors
    /// Those of [`WasmSandbox::execute`](crate::WasmSandbox::execute).
    pub fn execute<I>(&self, arguments: I) -> Result<SandboxResult, SandboxError>
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        now(|| self.0.execute(arguments))
    }

    /// A live interpreter under the sandbox's policy.
    ///
    /// # Errors
    /// Those of [`WasmSandbox::session`](crate::WasmSandbox::session).
    pub fn session(&self, language: Language) -> Result<Session, SandboxError> {
        now(|| self.0.session(language)).map(Session)
    }

    /// Reads a snapshot; see [`WasmSandbox::snapshot`](crate::WasmSandbox::snapshot).
    ///
    /// # Errors
    /// Those of [`WasmSandbox::snapshot`](crate::WasmSandbox::snapshot).
    pub fn snapshot(&self, bytes: &[u8]) -> Result<Snapshot, SandboxError> {
        now(|| self.0.snapshot(bytes)).map(Snapshot)
    }

    /// Goes on with a session that was suspended; see [`WasmSandbox::resume`](crate::WasmSandbox::resume).
    ///
    /// # Errors
    /// Those of [`WasmSandbox::resume`](crate::WasmSandbox::resume).
    pub fn resume(&self, suspended: &[u8]) -> Result<Session, SandboxError> {
        now(|| self.0.resume(suspended)).map(Session)
    }

    /// As [`execute`](Self::execute), with what the program's mounts hold at its end; see
    /// [`WasmSandbox::execute_with_files`](crate::WasmSandbox::execute_with_files).
    ///
    /// # Errors
    /// Those of [`WasmSandbox::execute`](crate::WasmSandbox::execute).
    pub fn execute_with_files<I>(&self, arguments: I) -> Result<(SandboxResult, Files), SandboxError>
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        now(|| self.0.execute_with_files(arguments))
    }

    /// What the mounts hold; see [`WasmSandbox::files`](crate::WasmSandbox::files).
    pub fn files(&self) -> Files {
        self.0.files()
    }

    /// What the last call used, printed, changed and was refused; see
    /// [`WasmSandbox::take_report`](crate::WasmSandbox::take_report).
    pub fn take_report(&mut self) -> SandboxResult {
        self.0.take_report()
    }

    /// The sandbox's own module.
    ///
    /// # Errors
    /// There is none.
    pub fn module(&self) -> Result<&Module, SandboxError> {
        self.0.module()
    }

    /// A handle that cancels whatever the sandbox runs, from another thread.
    pub fn cancel_handle(&self) -> CancelHandle {
        self.0.cancel_handle()
    }
}

/// The twin of [`Instance`](crate::Instance) that blocks.
pub struct Instance(crate::instance::Instance);

impl Instance {
    /// Calls a function; see [`Instance::call`](crate::Instance::call).
    ///
    /// # Errors
    /// Those of [`Instance::call`](crate::Instance::call).
    pub fn call<A: Serialize, R: DeserializeOwned>(&mut self, function: &str, arguments: A) -> Result<R, SandboxError> {
        now(|| self.0.call(function, arguments))
    }

    /// Calls a function with words of a command line; see [`Instance::call_words`](crate::Instance::call_words).
    ///
    /// # Errors
    /// Those of [`Instance::call_words`](crate::Instance::call_words).
    pub fn call_words(&mut self, function: &str, words: &[String]) -> Result<CallReport, SandboxError> {
        now(|| self.0.call_words(function, words))
    }

    /// A handle to one function; see [`Instance::function`](crate::Instance::function).
    ///
    /// # Errors
    /// Those of [`Instance::function`](crate::Instance::function).
    pub fn function<P: FunctionParams, R: FunctionResult>(
        &mut self,
        name: &str,
    ) -> Result<Function<'_, P, R>, SandboxError> {
        self.0.function(name).map(Function)
    }

    /// A handle to one function of a component; see
    /// [`Instance::component_function`](crate::Instance::component_function).
    ///
    /// # Errors
    /// Those of [`Instance::component_function`](crate::Instance::component_function).
    pub fn component_function<P: ComponentParams, R: ComponentResults>(
        &mut self,
        name: &str,
    ) -> Result<ComponentFunction<'_, P, R>, SandboxError> {
        self.0.component_function(name).map(ComponentFunction)
    }

    /// Gives up what a component gave out under this number; see [`crate::Instance::drop_handle`].
    ///
    /// # Errors
    /// Those of [`crate::Instance::drop_handle`].
    pub fn drop_handle(&mut self, handle: u64) -> Result<(), SandboxError> {
        now(|| self.0.drop_handle(handle))
    }

    /// Whether the instance has ended and refuses calls.
    pub fn ended(&self) -> bool {
        self.0.ended()
    }

    /// A handle that cancels calls of this instance from another thread.
    pub fn cancel_handle(&self) -> CancelHandle {
        self.0.cancel_handle()
    }

    /// What the instance's mounts hold, also after it has ended; see [`Instance::files`](crate::Instance::files).
    pub fn files(&self) -> Files {
        self.0.files()
    }

    /// What the last call used, printed, changed and was refused; see
    /// [`Instance::take_report`](crate::Instance::take_report).
    pub fn take_report(&mut self) -> SandboxResult {
        self.0.take_report()
    }
}

/// The twin of [`Session`](crate::Session) that blocks.
pub struct Session(crate::session::Session);

impl Session {
    /// Runs code; see [`Session::run`](crate::Session::run).
    ///
    /// # Errors
    /// Those of [`Session::run`](crate::Session::run).
    pub fn run(&mut self, code: &str) -> Result<SandboxResult, SandboxError> {
        now(|| self.0.run(code))
    }

    /// Calls a function that an earlier turn has defined; see [`Session::call`](crate::Session::call).
    ///
    /// # Errors
    /// Those of [`Session::call`](crate::Session::call).
    pub fn call<A: Serialize, R: DeserializeOwned>(&mut self, function: &str, arguments: A) -> Result<R, SandboxError> {
        now(|| self.0.call(function, arguments))
    }

    /// The session as it is between two turns; see [`Session::snapshot`](crate::Session::snapshot).
    ///
    /// # Errors
    /// Those of [`Session::snapshot`](crate::Session::snapshot).
    pub fn snapshot(&mut self) -> Result<Snapshot, SandboxError> {
        self.0.snapshot().map(Snapshot)
    }

    /// An independent copy; see [`Session::fork`](crate::Session::fork).
    ///
    /// # Errors
    /// Those of [`Session::fork`](crate::Session::fork).
    pub fn fork(&mut self) -> Result<Self, SandboxError> {
        now(|| self.0.fork()).map(Session)
    }

    /// Ends the session here, to go on elsewhere; see [`Session::suspend`](crate::Session::suspend).
    ///
    /// # Errors
    /// Those of [`Session::suspend`](crate::Session::suspend).
    pub fn suspend(self) -> Result<Vec<u8>, SandboxError> {
        self.0.suspend()
    }

    /// Whether the session has ended and refuses turns.
    pub fn ended(&self) -> bool {
        self.0.ended()
    }

    /// A handle that cancels a turn from another thread, and with it the session.
    pub fn cancel_handle(&self) -> CancelHandle {
        self.0.cancel_handle()
    }
}

/// The twin of [`Snapshot`](crate::Snapshot) that blocks.
#[derive(Clone)]
pub struct Snapshot(crate::snapshot::Snapshot);

impl Snapshot {
    /// A session that goes on from here; see [`Snapshot::session`](crate::Snapshot::session).
    ///
    /// # Errors
    /// Those of [`Snapshot::session`](crate::Snapshot::session).
    pub fn session(&self) -> Result<Session, SandboxError> {
        now(|| self.0.session()).map(Session)
    }

    /// The snapshot as bytes; see [`Snapshot::to_bytes`](crate::Snapshot::to_bytes).
    ///
    /// # Errors
    /// Those of [`Snapshot::to_bytes`](crate::Snapshot::to_bytes).
    pub fn to_bytes(&self) -> Result<Vec<u8>, SandboxError> {
        self.0.to_bytes()
    }
}

/// The twin of [`Function`](crate::Function) that blocks.
pub struct Function<'a, P, R>(crate::function::Function<'a, P, R>);

impl<P: FunctionParams, R: FunctionResult> Function<'_, P, R> {
    /// Calls the function.
    ///
    /// # Errors
    /// A trap or a limit, which end the instance.
    #[inline]
    pub fn call(&mut self, arguments: P) -> Result<R, SandboxError> {
        self.0.call_blocking(arguments)
    }
}

/// The twin of [`ComponentFunction`](crate::ComponentFunction) that blocks.
pub struct ComponentFunction<'a, P: ComponentParams, R: ComponentResults>(crate::function::ComponentFunction<'a, P, R>);

impl<P: ComponentParams, R: ComponentResults> ComponentFunction<'_, P, R> {
    /// Calls the function.
    ///
    /// # Errors
    /// A trap or a limit, which end the instance.
    #[inline]
    pub fn call(&mut self, arguments: P) -> Result<R, SandboxError> {
        self.0.call_blocking(arguments)
    }
}
