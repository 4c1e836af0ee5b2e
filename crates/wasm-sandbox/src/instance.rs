//! A live instance: one store, one configuration, any number of calls.

mod answer;

use std::{mem::take, sync::Arc, time::Instant};

use serde::{Serialize, de::DeserializeOwned};
use wasm_sandbox_policy::{
    CpuUsage, DetailedResourceUsage, Ending, ErrorReport, InstanceConfig, LimitHit, MemoryUsage, ResourceLimits,
    SandboxError, SandboxResult, Trap, TrapKind,
};

use crate::{
    allowance::Share,
    engine::{self, EngineUsage, Failed, Failure, GuestInstance, InstanceStart, Mode},
    files::Files,
    function::{ComponentFunction, Function},
    host::{Control, Host, HostReport, HostSetup, Sink, Stdin, Stop, Stream, ToolSetup, http::Exchange},
    host_function::HostFunctions,
    http_handler::Loading,
    image::Beginning,
    lang::interpreter::{self, Answer, Exception, Runtime},
    module::{Module, Program},
    mount,
    script::Script,
    snapshot::State,
    tool::Toolbox,
    value::{
        self, Abi, Arguments, ComponentParams, ComponentResults, ComponentValue, FunctionParams, FunctionResult, Guest,
        Outcome, Signature, WasmValue,
    },
    vfs::{Errno, Quota, VfsResult},
};

/// Bytes of standard error that an error carries.
const STDERR_TAIL: usize = 4096;

/// A running module. State stays from call to call; after a trap, a limit or an exit it has ended and refuses every call.
pub struct Instance {
    guest: Box<dyn GuestInstance>,
    module: Module,
    control: Arc<Control>,
    input_limit: u64,
    files: Files,
    pub(crate) mode: Mode,
}

/// Where a guest's streams go, and what it is called with.
#[derive(Clone, Default)]
pub(crate) struct Streams {
    pub(crate) stdin: Stdin,
    pub(crate) stdout: Sink,
    pub(crate) stderr: Sink,
}

/// Cancels what a sandbox runs, from any thread; a guest ends within some milliseconds, waiting or not.
#[derive(Clone, Debug)]
pub struct CancelHandle(Arc<Control>);

impl CancelHandle {
    pub(crate) fn new(control: Arc<Control>) -> Self {
        Self(control)
    }

    /// Ends the running guest with [`Ending::Cancel`], and every later one of the same sandbox.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

/// Everything that a new instance is made of.
pub(crate) struct Blueprint<'a> {
    pub(crate) module: &'a Module,
    pub(crate) config: &'a InstanceConfig,
    pub(crate) functions: &'a Arc<HostFunctions>,
    pub(crate) tools: Arc<Toolbox>,
    pub(crate) mode: Mode,
    pub(crate) arguments: Vec<String>,
    pub(crate) streams: Streams,
    pub(crate) control: Arc<Control>,
    /// Whether copies may be made of it.
    pub(crate) forks: bool,
    /// Where another instance was, if this one goes on from there.
    pub(crate) state: Option<&'a State>,
}

impl<'a> Blueprint<'a> {
    /// For work of the host's own, on the calling thread, with nothing passed in or out.
    pub(crate) fn closed(module: &'a Module, config: &'a InstanceConfig, functions: &'a Arc<HostFunctions>) -> Self {
        let (tools, arguments, streams, control) = (Arc::default(), Vec::new(), Streams::default(), Arc::default());
        let mode = Mode::Blocking;
        Self { module, config, functions, tools, mode, arguments, streams, control, forks: false, state: None }
    }

    /// What is given to the instance leaves the blueprint, which is not used again.
    async fn build(&mut self) -> Result<Instance, BuildError> {
        self.module.takes(&self.tools, &self.config.capabilities.network)?;
        self.module.is_served_by(&self.tools)?;
        let limits = &self.config.limits;
        let (linked, interpreter) = self.module.linked(limits, self.mode, self.functions)?;
        let quota = Arc::new(Quota::new(limits));
        let mut mounts = mount::open(&self.config.capabilities.filesystem.mounts, &quota)?;
        if let Some(interpreter) = &interpreter {
            mounts.extend(interpreter.mounts(&mounts, &quota)?);
        }
        let mut host = Host::new(HostSetup {
            config: self.config,
            limits: match &interpreter {
                Some(_) => ResourceLimits { stack: interpreter::STACK, ..limits.clone() },
                None => limits.clone(),
            },
            arguments: take(&mut self.arguments),
            stdin: take(&mut self.streams.stdin),
            stdout: take(&mut self.streams.stdout),
            stderr: take(&mut self.streams.stderr),
            mounts,
            script: interpreter.is_some().then(|| self.module.name().to_owned()),
            quota,
            control: Arc::clone(&self.control),
            tools: ToolSetup {
                toolbox: Arc::clone(&self.tools),
                beside_guest: self.mode == Mode::Async,
                executor: engine::executor,
            },
        })?;
        if let Some(state) = self.state {
            let failed = |errno: Errno| SandboxError::internal("going on from a snapshot", errno.text());
            host.restore(&state.host).map_err(failed)?;
        }
        let forks = self.forks;
        let changes = self.state.map(|state| Arc::clone(&state.changes));
        let beginning = interpreter.map(|interpreter| Beginning { image: interpreter.image(), changes, forks });
        let files = Files::new(host.namespace());
        let mut guest = linked.instantiate(InstanceStart { host, beginning }).await?;
        // What goes into an image must not be random.
        let draws = self.state.is_none_or(|state| state.draws);
        let seeded = |script: &Script| draws && script.runtime != Runtime::Python && !script.is_unprepared();
        if self.module.script().is_some_and(seeded) {
            let random = guest.host().random_numbers()?;
            let mut adapter = Adapter { guest: &mut *guest, function: "start", ending: None };
            interpreter::seed(&mut adapter, random).await?;
        }
        Ok(Instance {
            guest,
            module: self.module.clone(),
            control: Arc::clone(&self.control),
            input_limit: self.config.limits.input.as_u64(),
            files,
            mode: self.mode,
        })
    }

    /// An instance to call functions of; of a script that has failed as it was loaded, also what it has done until then.
    pub(crate) async fn loaded(mut self) -> Result<Instance, (SandboxError, Option<Box<SandboxResult>>)> {
        let (module, config) = (self.module, self.config);
        let built = self.build().await.map_err(|error| match error {
            BuildError::Failed(failed) => {
                let stderr = failed.host.map(|mut host| host.finish().stderr).unwrap_or_default();
                error_of(failed.failure, "_initialize", &stderr)
            }
            BuildError::Error(error) => error,
        });
        let mut instance = built.map_err(|error| (error, None))?;
        let Some(script) = module.script() else { return Ok(instance) };
        let mut adapter = instance.adapter(module.name());
        let Err(error) = script.load(&mut adapter, module.name(), config).await else { return Ok(instance) };
        let ending = adapter.ending.take().unwrap_or_else(|| Ending::of_error(&error));
        let error = instance.explain(error);
        let (usage, report) = (instance.guest.usage(), instance.guest.host().finish());
        let mut result = account(module.name(), ending, None, usage, report);
        (result.success, result.error) = (false, Some(ErrorReport::from(&error)));
        Err((error, Some(Box::new(result))))
    }

    /// An instance that nothing has run in.
    pub(crate) async fn untouched(mut self) -> Result<Instance, SandboxError> {
        self.build().await.map_err(|error| match error {
            BuildError::Failed(failed) => error_of(failed.failure, "instantiation", &[]),
            BuildError::Error(error) => error,
        })
    }

    /// Runs a program from start to end.
    pub(crate) async fn execute(self) -> Result<(SandboxResult, Files), SandboxError> {
        self.module.check_program()?;
        self.live(Work::Program).await
    }

    /// Answers one request; where a script is to be loaded for it first, what that comes to is kept for others.
    pub(crate) async fn answer(
        self,
        exchange: Exchange,
        loading: Option<Loading<'_>>,
    ) -> Result<SandboxResult, SandboxError> {
        self.live(Work::Request(exchange.into(), loading)).await.map(|(result, _)| result)
    }

    /// An instance's whole life, which is one piece of work.
    async fn live(mut self, work: Work<'_>) -> Result<(SandboxResult, Files), SandboxError> {
        let (name, config, arguments) = (self.module.name(), self.config, self.arguments.clone());
        match self.build().await {
            Ok(mut instance) => {
                let ending = match work {
                    Work::Program => instance.run_program(config, &arguments).await?,
                    Work::Request(exchange, loading) => instance.answer_request(config, *exchange, loading).await?,
                };
                instance.guest.end();
                let usage = instance.guest.usage();
                let report = instance.guest.host().finish();
                Ok((account(name, ending, None, usage, report), instance.files))
            }
            Err(BuildError::Failed(failed)) => {
                let ending = ending_of(failed.failure)?;
                let finish = |mut host: Box<Host>| (host.finish(), Files::new(host.namespace()));
                let (report, files) = failed.host.map(finish).unwrap_or_default();
                Ok((account(name, ending, None, failed.usage, report), files))
            }
            Err(BuildError::Error(error)) => Err(error),
        }
    }
}

/// What an instance is made for.
enum Work<'a> {
    Program,
    /// With the turn to load first what answers it.
    Request(Box<Exchange>, Option<Loading<'a>>),
}

/// Why there is no instance.
enum BuildError {
    Error(SandboxError),
    Failed(Failed),
}

impl From<SandboxError> for BuildError {
    fn from(error: SandboxError) -> Self {
        Self::Error(error)
    }
}

impl From<Failed> for BuildError {
    fn from(failed: Failed) -> Self {
        Self::Failed(failed)
    }
}

impl Instance {
    /// Calls a function. `arguments` is a tuple of anything that serde writes, `()` for none, and any other value is the only
    /// argument; the result is anything that serde reads. A function that returns `Err` is [`SandboxError::Function`],
    /// unless `R` is a `Result` itself.
    ///
    /// An array `[T; N]` is a tuple to serde, and therefore a list of arguments; a `Vec<T>` is one:
    ///
    /// ```
    /// # use wasm_sandbox::{Setup, blocking::WasmSandbox};
    /// # fn main() -> Result<(), wasm_sandbox::SandboxError> {
    /// let add = r#"(module (func (export "add") (param i32 i32) (result i32)
    ///     (i32.add (local.get 0) (local.get 1))))"#;
    /// let mut sandbox = WasmSandbox::builder().setup(Setup::default()).source(add.as_bytes()).build_blocking()?;
    /// assert_eq!(sandbox.call::<_, i32>("add", (5, 3))?, 8);
    /// assert_eq!(sandbox.call::<_, i32>("add", [5, 3])?, 8);
    /// assert!(sandbox.call::<_, i32>("add", vec![5, 3]).is_err(), "one argument, a list");
    /// # Ok(()) }
    /// ```
    ///
    /// Floats that are not finite travel to and from functions over numbers; to others they cannot, and are refused.
    ///
    /// # Errors
    /// No such function, arguments that do not fit its signature, a trap, a limit, or the guest's own error.
    pub async fn call<A: Serialize, R: DeserializeOwned>(
        &mut self,
        function: &str,
        arguments: A,
    ) -> Result<R, SandboxError> {
        let module = self.module.clone();
        let signature = module.function(function)?;
        let arguments = Arguments::from_serialize(signature, &arguments)?;
        self.invoke(signature, arguments).await.map_err(|(error, _)| error)?.into_result(signature)
    }

    /// As [`call`](Self::call) with words of a command line as arguments, JSON or plain text, and the whole account of the
    /// call as the result: its value, what was printed, used, changed and refused.
    ///
    /// # Errors
    /// No such function, or arguments that do not fit. How the guest ended is in the result.
    pub async fn call_words(&mut self, function: &str, words: &[String]) -> Result<CallReport, SandboxError> {
        let module = self.module.clone();
        let signature = module.function(function)?;
        let arguments = Arguments::from_words(signature, words)?;
        let outcome = self.invoke(signature, arguments).await;
        let usage = self.guest.usage();
        let report = self.guest.host().finish();
        let (ending, outcome) = match outcome {
            Ok(outcome) => (Ending::Return, outcome.into_json(signature)),
            Err((error, ending)) => (ending.unwrap_or_else(|| Ending::of_error(&error)), Err(error)),
        };
        let value = outcome.as_ref().ok().cloned();
        let mut result = account(function, ending, value, usage, report);
        result.success = outcome.is_ok();
        result.error = outcome.as_ref().err().map(ErrorReport::from);
        Ok(CallReport { result, error: outcome.err() })
    }

    /// A handle that calls one function at the engine's own speed, for numbers only: `P` is a tuple, `R` a number or `()`.
    /// Limits hold as for [`call`](Self::call), except that output and host calls count over all calls through handles
    /// since the last `call`, and processor time is sampled once a millisecond.
    ///
    /// # Errors
    /// [`SandboxError::Signature`] when the function has other types, [`SandboxError::FunctionNotFound`].
    pub fn function<P: FunctionParams, R: FunctionResult>(
        &mut self,
        name: &str,
    ) -> Result<Function<'_, P, R>, SandboxError> {
        Function::new(&mut *self.guest, self.mode, self.module.function(name)?)
    }

    /// As [`function`](Self::function) for a component's function: `P` is the tuple of its parameters, `R` a tuple of its result, or
    /// `()`. Of what a call carries, only what it takes to read its result is bounded, by `limits.memory`.
    ///
    /// # Errors
    /// [`SandboxError::Signature`] when the function has other types, [`SandboxError::FunctionNotFound`].
    pub fn component_function<P: ComponentParams, R: ComponentResults>(
        &mut self,
        name: &str,
    ) -> Result<ComponentFunction<'_, P, R>, SandboxError> {
        ComponentFunction::new(&mut *self.guest, self.mode, self.module.function(name)?)
    }

    /// Gives up what a component gave out under this number: a result whose type is an owned handle. Whatever is still held
    /// goes with the instance, without the component hearing of it.
    ///
    /// # Errors
    /// [`SandboxError::Signature`] when the instance has no such handle; a trap or limit of the destructor.
    pub async fn drop_handle(&mut self, handle: u64) -> Result<(), SandboxError> {
        self.guest.begin(Instant::now())?;
        let dropped = self.guest.drop_handle(handle).await;
        let stderr = self.guest.host().stderr().to_vec();
        dropped.map_err(|failure| self.explain(error_of(failure, "drop", &stderr)))
    }

    /// Whether the instance has ended and refuses calls.
    pub fn ended(&self) -> bool {
        self.guest.ended()
    }

    /// A handle that cancels calls of this instance from another thread.
    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle(Arc::clone(&self.control))
    }

    /// What the instance's mounts hold, also after it has ended.
    pub fn files(&self) -> Files {
        self.files.clone()
    }

    /// What the last call used, printed, changed and was refused. Taking it clears it.
    pub fn take_report(&mut self) -> SandboxResult {
        let usage = self.guest.usage();
        account(self.module.name(), Ending::Return, None, usage, self.guest.host().finish())
    }

    pub(crate) fn guest(&mut self) -> &mut dyn GuestInstance {
        &mut *self.guest
    }

    /// The instance as the call ABI sees it, while something named `function` runs.
    pub(crate) fn adapter<'a>(&'a mut self, function: &'a str) -> Adapter<'a> {
        Adapter { guest: &mut *self.guest, function, ending: None }
    }

    /// A request to the interpreter in it.
    pub(crate) async fn ask(
        &mut self,
        function: &str,
        request: &serde_json::Value,
    ) -> Result<Answer, (SandboxError, Option<Ending>)> {
        let module = self.module.clone();
        let Some(script) = module.script() else {
            return Err((SandboxError::internal("a session", "there is no interpreter"), None));
        };
        if self.guest.ended() {
            return Err((SandboxError::Ended { reason: "by a trap, a limit or an exit".to_owned() }, None));
        }
        self.guest.begin(Instant::now()).map_err(|error| (error, None))?;
        let limit = self.input_limit;
        let mut adapter = self.adapter(function);
        let answer = interpreter::ask(script.runtime, &mut adapter, request, limit).await;
        answer.map_err(|error| (error, adapter.ending.take()))
    }

    /// Prints a value's text as an interactive interpreter does; how that ended, if not well: it was too much output, or
    /// nothing can be written.
    pub(crate) fn echo(&mut self, text: &str) -> Option<Ending> {
        match self.print(Stream::Stdout, text) {
            Ok(Ok(())) => None,
            Ok(Err(errno)) => {
                let (name, message) = ("Error".to_owned(), format!("writing to stdout: {}", errno.text()));
                self.tell(&format!("{name}: {message}"));
                Some(Ending::Exception { name, message })
            }
            Err(ending) => Some(ending),
        }
    }

    /// Prints the story of an exception, where the interpreter has not done so.
    pub(crate) fn complain(&mut self, runtime: Runtime, exception: &Exception) {
        if runtime != Runtime::Python {
            self.tell(&exception.advised());
        }
    }

    /// Prints a story on standard error. What cannot be told is in the result all the same.
    fn tell(&mut self, story: &str) {
        let _ = self.print(Stream::Stderr, story);
    }

    fn print(&mut self, stream: Stream, text: &str) -> Result<VfsResult<()>, Ending> {
        let printed = self.guest.host().print(stream, &format!("{}\n", text.trim_end_matches('\n')));
        printed.map_err(|stop| {
            self.guest.end();
            Failure::Stop(stop).ending().unwrap_or(Ending::Cancel)
        })
    }

    /// Where the instance is, between two runs.
    pub(crate) fn state(&mut self, draws: bool) -> Result<State, SandboxError> {
        let failed = |error: String| SandboxError::internal("taking a snapshot", error);
        let changes = self.guest.changes().ok_or_else(|| failed("there is no image".to_owned()))?;
        let changes = Arc::new(changes?);
        let host = self.guest.host().save().map_err(|errno| failed(errno.text().to_owned()))?;
        let share = Share::take(host.memory())?;
        Ok(State { changes, host, _share: share, draws })
    }

    /// The account of what ran last.
    pub(crate) fn report(&mut self, ending: Ending, value: Option<serde_json::Value>) -> SandboxResult {
        let usage = self.guest.usage();
        account(self.module.name(), ending, value, usage, self.guest.host().finish())
    }

    /// Memory and changing globals as they are now.
    pub(crate) fn capture(&mut self) -> (Vec<u8>, Vec<WasmValue>) {
        let globals = self.guest.globals();
        (self.guest.memory().to_vec(), globals)
    }

    async fn run_program(&mut self, config: &InstanceConfig, arguments: &[String]) -> Result<Ending, SandboxError> {
        let module = self.module.clone();
        let script = match module.program() {
            Program::Script(script) => script,
            Program::Module => {
                let ran = self.guest.invoke("_start", &[]).await;
                return ran.map_or_else(ending_of, |_| Ok(Ending::Exit { code: 0 }));
            }
            Program::Component(export) => {
                let ran = self.guest.call(export, Vec::new()).await;
                let code = |value| i32::from(matches!(value, Some(ComponentValue::Result(Err(_)))));
                return ran.map_or_else(ending_of, |value| Ok(Ending::Exit { code: code(value) }));
            }
        };
        let mut adapter = self.adapter(module.name());
        let arguments = arguments.get(1..).unwrap_or_default();
        match script.run(&mut adapter, module.name(), arguments, config).await {
            Ok(code) => Ok(Ending::Exit { code }),
            Err(SandboxError::Exception { stack, .. } | SandboxError::Compilation { diagnostics: stack, .. }) => {
                self.tell(&stack);
                Ok(Ending::Exit { code: 1 })
            }
            Err(error) => adapter.ending.take().ok_or(error),
        }
    }

    async fn invoke(
        &mut self,
        signature: &Signature,
        arguments: Arguments,
    ) -> Result<Outcome, (SandboxError, Option<Ending>)> {
        if self.guest.ended() {
            return Err((SandboxError::Ended { reason: "by a trap, a limit or an exit".to_owned() }, None));
        }
        self.guest.begin(Instant::now()).map_err(|error| (error, None))?;
        let (module, limit) = (self.module.clone(), self.input_limit);
        if signature.abi == Abi::Component {
            let arguments = arguments.into_component(signature).map_err(|error| (error, None))?;
            let called = self.guest.call(&signature.export, arguments).await;
            return match called {
                Ok(value) => Ok(Outcome::of_component(signature, value)),
                Err(failure) => {
                    let ending = failure.ending();
                    let stderr = self.guest.host().stderr().to_vec();
                    Err((self.explain(error_of(failure, &signature.name, &stderr)), ending))
                }
            };
        }
        let mut adapter = self.adapter(&signature.name);
        let outcome = match module.script() {
            Some(script) => script.call(&mut adapter, signature, &arguments, limit).await,
            None => value::call(&mut adapter, signature, &arguments, limit).await,
        };
        let ending = adapter.ending.take();
        outcome.map_err(|error| (self.explain(error), ending))
    }

    /// A trap in a guest that was refused something is most likely about that. Of exceptions those are that say so; where
    /// they came from is then on standard error.
    fn explain(&mut self, error: SandboxError) -> SandboxError {
        let Some(context) = self.guest.host().first_denial() else { return error };
        match &error {
            SandboxError::WasmRuntime { .. } => {}
            SandboxError::Exception { name, message, stack, .. } if is_refusal(name, message) => {
                self.tell(stack);
            }
            _ => return error,
        }
        SandboxError::SecurityViolation { context }
    }
}

/// A call's account, and its error if it failed.
#[derive(Debug)]
#[non_exhaustive]
pub struct CallReport {
    /// What happened.
    pub result: SandboxResult,
    /// Why there is no value.
    pub error: Option<SandboxError>,
}

/// An instance as the call ABI sees it.
pub(crate) struct Adapter<'a> {
    guest: &'a mut dyn GuestInstance,
    function: &'a str,
    /// How the guest ended, if it did.
    ending: Option<Ending>,
}

impl Guest for Adapter<'_> {
    async fn invoke(&mut self, export: &str, arguments: &[WasmValue]) -> Result<Option<WasmValue>, SandboxError> {
        match self.guest.invoke(export, arguments).await {
            Ok(value) => Ok(value),
            Err(failure) => {
                self.guest.end();
                self.ending = failure.ending();
                let stderr = self.guest.host().stderr().to_vec();
                Err(error_of(failure, self.function, &stderr))
            }
        }
    }

    fn memory(&mut self) -> &mut [u8] {
        self.guest.memory()
    }

    fn take_answer(&mut self) -> Option<Vec<u8>> {
        self.guest.host().take_answer()
    }
}

/// Whether an exception tells of a file that may not be touched: Python's name for it (but for a read-only file system, which has
/// a number), and JavaScript's codes.
fn is_refusal(name: &str, message: &str) -> bool {
    let codes = ["EACCES", "EPERM", "EROFS", "[Errno 69]"];
    name == "PermissionError" || codes.iter().any(|code| message.starts_with(code))
}

impl Failure {
    fn ending(&self) -> Option<Ending> {
        match self {
            Self::Stop(Stop::Exit(code)) => Some(Ending::Exit { code: *code }),
            Self::Stop(Stop::Limit(hit)) => Some(Ending::Limit(*hit)),
            Self::Stop(Stop::Cancel) => Some(Ending::Cancel),
            Self::Stop(Stop::Trap(message)) => Some(Ending::Trap(host_trap(message))),
            Self::Trap(trap) => Some(Ending::Trap(trap.clone())),
            Self::Error(_) => None,
        }
    }
}

fn host_trap(message: &str) -> Trap {
    Trap { reason: TrapKind::HostFunction, message: message.to_owned(), backtrace: Vec::new() }
}

/// How a program ended, as data; only what is no ending of the guest's is an error.
fn ending_of(failure: Failure) -> Result<Ending, SandboxError> {
    match (failure.ending(), failure) {
        (Some(ending), _) => Ok(ending),
        (None, Failure::Error(error)) => Err(error),
        (None, other) => Err(SandboxError::internal("running the guest", format!("{other:?}"))),
    }
}

pub(crate) fn error_of(failure: Failure, function: &str, stderr: &[u8]) -> SandboxError {
    let trap = |trap| SandboxError::WasmRuntime { trap, stderr: tail(stderr) };
    match failure {
        Failure::Stop(Stop::Exit(exit_code)) => SandboxError::Exit { function: function.to_owned(), exit_code },
        Failure::Stop(Stop::Limit(hit)) => hit.into(),
        Failure::Stop(Stop::Cancel) => SandboxError::Cancelled,
        Failure::Stop(Stop::Trap(message)) => trap(host_trap(&message)),
        Failure::Trap(reason) => trap(reason),
        Failure::Error(error) => error,
    }
}

fn tail(stderr: &[u8]) -> String {
    let start = stderr.len().saturating_sub(STDERR_TAIL);
    String::from_utf8_lossy(stderr.get(start..).unwrap_or_default()).into_owned()
}

/// The account of a run from what the engine and the host saw.
fn account(
    name: &str,
    ending: Ending,
    value: Option<serde_json::Value>,
    engine: EngineUsage,
    host: HostReport,
) -> SandboxResult {
    let micros = |time: std::time::Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let mut limits_hit: Vec<LimitHit> = Vec::new();
    let of_ending = match &ending {
        Ending::Limit(hit) => Some(*hit),
        _ => None,
    };
    for hit in of_ending.into_iter().chain(engine.limit_hits).chain(host.limits_hit) {
        if !limits_hit.iter().any(|known| known.kind == hit.kind) {
            limits_hit.push(hit);
        }
    }
    SandboxResult {
        success: ending.success(),
        error: ending.error(name).as_ref().map(ErrorReport::from),
        ending,
        value,
        stdout: host.stdout.into(),
        stderr: host.stderr.into(),
        duration: engine.wall,
        usage: DetailedResourceUsage {
            memory: MemoryUsage {
                current_bytes: engine.memory_bytes,
                peak_bytes: engine.memory_peak_bytes,
                table_elements: engine.table_elements,
            },
            cpu: CpuUsage { time_us: micros(engine.cpu), wall_us: micros(engine.wall), fuel: engine.fuel },
            io: host.io,
            timeline: engine.timeline,
        },
        files: host.files,
        denials: host.denials,
        denials_dropped: host.denials_dropped,
        tool_calls: host.tool_calls,
        tool_calls_dropped: host.tool_calls_dropped,
        connections: host.connections,
        connections_dropped: host.connections_dropped,
        limits_hit,
    }
}
