//! A module that was read, compiled from its source if need be, screened and described; ready to be instantiated often.

use std::sync::{Arc, Mutex, PoisonError};

use wasm_sandbox_policy::{
    ConfigProblem, NetworkPolicy, NetworkProtocol, NetworkRule, Plain, ResourceLimits, SandboxError,
};

use crate::{
    engine::{self, EngineProfile, LinkedModule, Mode, compile, loaded::Loaded},
    host_function::HostFunctions,
    lang::{
        self, Built,
        interpreter::{Interpreter, Runtime},
    },
    prelude::Prelude,
    sandbox::SandboxConfig,
    script::Script,
    setup::Setup,
    source::Source,
    tool::Toolbox,
    value::{ComponentValue, LeftOut, Signature, Signatures},
};

/// Characters of an import's name and type that are shown.
const MAX_SHOWN: usize = 300;

/// A module, cheap to clone and to share between threads.
#[derive(Clone)]
pub struct Module(Arc<Inner>);

struct Inner {
    name: String,
    body: Body,
    setup: Setup,
}

/// What a module is made of.
enum Body {
    Wasm(Box<Wasm>),
    Script(Box<Script>),
}

/// Machine-independent code, and what it was compiled to.
struct Wasm {
    bytes: Arc<[u8]>,
    signatures: Signatures,
    screened: engine::screen::Screened,
    loaded: Mutex<Vec<(EngineProfile, Loaded)>>,
}

/// How a program is run.
pub(crate) enum Program<'a> {
    /// By the module's `_start`.
    Module,
    /// By this export of the component's.
    Component(&'a str),
    Script(&'a Script),
}

/// What answers HTTP requests.
pub(crate) enum Handler<'a> {
    /// This export of the component's.
    Component(&'a str),
    /// This function of the module's.
    Function(&'a Signature),
    Script(&'a Script),
}

/// Code with its imports resolved, and the interpreter that it is, if it is one.
type Linked = (Arc<dyn LinkedModule>, Option<Arc<Interpreter>>);

impl Module {
    /// Reads, compiles and screens a source. Blocks while a compiler runs.
    pub(crate) fn load(source: &Source, prelude: &Prelude, config: &SandboxConfig) -> Result<Self, SandboxError> {
        let setup = &config.setup;
        let body = match lang::build(source, setup)? {
            Built::Module(guest) => {
                prelude.check_unused()?;
                Body::Wasm(Box::new(Wasm::new(guest.into(), &source.name(), setup)?))
            }
            Built::Script { runtime, text } => {
                Body::Script(Box::new(Script::new(runtime, text.into(), prelude.code(runtime)?, config)))
            }
        };
        Ok(Self(Arc::new(Inner { name: source.name(), body, setup: setup.clone() })))
    }

    /// An interpreter with nothing to interpret, for a session.
    pub(crate) fn interpreter(runtime: Runtime, prelude: Arc<str>, config: &SandboxConfig) -> Self {
        let body = Body::Script(Box::new(Script::new(runtime, "".into(), prelude, config)));
        Self(Arc::new(Inner { name: "session".to_owned(), body, setup: config.setup.clone() }))
    }

    /// An interpreter that is just being made ready.
    pub(crate) fn unprepared(interpreter: Arc<Interpreter>) -> Self {
        let body = Body::Script(Box::new(Script::none(interpreter)));
        Self(Arc::new(Inner { name: "interpreter".to_owned(), body, setup: Setup::default() }))
    }

    /// The file's name, or what stands for it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The functions that can be called.
    ///
    /// # Errors
    /// [`SandboxError::Compilation`] for a script that cannot be read.
    pub fn functions(&self) -> Result<impl Iterator<Item = &Signature>, SandboxError> {
        self.signatures().map(Signatures::iter)
    }

    /// Functions of the source that cannot be called, and why.
    ///
    /// # Errors
    /// [`SandboxError::Compilation`] for a script that cannot be read.
    pub fn left_out(&self) -> Result<&[LeftOut], SandboxError> {
        self.signatures().map(Signatures::left_out)
    }

    /// The signature of one function.
    ///
    /// # Errors
    /// [`SandboxError::FunctionNotFound`] with those that there are; [`SandboxError::Compilation`] for a script that cannot
    /// be read.
    pub fn function(&self, name: &str) -> Result<&Signature, SandboxError> {
        self.signatures()?.find(name)
    }

    /// Whether it is a program: a script, or something with a `_start`, which `execute` runs.
    pub fn is_program(&self) -> bool {
        match &self.0.body {
            Body::Wasm(wasm) => wasm.screened.program,
            Body::Script(_) => true,
        }
    }

    /// Refuses what is no program.
    ///
    /// # Errors
    /// [`SandboxError::NotRunnable`] with what it is instead.
    pub fn check_program(&self) -> Result<(), SandboxError> {
        if self.is_program() {
            return Ok(());
        }
        let reason = match self.is_http_handler() {
            true => "it answers HTTP requests, and has no `main`: serve it (`wasm-sandbox serve`)",
            false => "it is a library: it has functions to call but no `main`",
        };
        Err(SandboxError::NotRunnable { what: self.name().to_owned(), reason: reason.to_owned() })
    }

    /// Whether it answers HTTP requests: a component that exports `wasi:http/incoming-handler`, a module that exports `wasm_sandbox_serve`, as one in Go
    /// with a function `ServeHTTP` and one in C with `wasm_sandbox_http.h` do, a script in Python that defines, imports or
    /// assigns `application` or `app`, or one in JavaScript or TypeScript that exports a function `fetch` or has one in its default export.
    /// A script that comes to its handler in another way may be served all the same.
    pub fn is_http_handler(&self) -> bool {
        match self.script() {
            Some(script) => script.has_handler(self.name()),
            None => self.http_handler().is_ok(),
        }
    }

    /// Whether it may answer HTTP requests, as far as can be told without running it: of scripts in JavaScript and TypeScript, others
    /// are said to that only have the words for it.
    pub fn may_answer_http(&self) -> bool {
        match self.script() {
            Some(script) if script.runtime == Runtime::Python => script.has_handler(self.name()),
            _ => self.http_handler().is_ok(),
        }
    }

    /// What answers requests. That a script has what does is known once it has run.
    ///
    /// # Errors
    /// [`SandboxError::NotRunnable`]: nothing does.
    pub(crate) fn http_handler(&self) -> Result<Handler<'_>, SandboxError> {
        if let Some(script) = self.script().filter(|script| script.may_answer()) {
            return Ok(Handler::Script(script));
        }
        let compiled = self.compiled();
        if let Some(function) = compiled.and_then(|wasm| wasm.signatures.handler()) {
            return Ok(Handler::Function(function));
        }
        let component = compiled.and_then(|wasm| wasm.screened.component.as_ref());
        let handler = component.and_then(|component| component.handler.as_deref());
        handler.map(Handler::Component).ok_or_else(|| SandboxError::NotRunnable {
            what: self.name().to_owned(),
            reason: "it answers no requests: a component does that exports `wasi:http/incoming-handler`, a file or module in Go with `func \
                     ServeHTTP(http.ResponseWriter, *http.Request)`, a file in C or C++ that includes `wasm_sandbox_http.h`, a script in \
                     Python with a WSGI or ASGI `application`, and one in JavaScript or TypeScript with `export default { fetch }`"
                .to_owned(),
        })
    }

    /// Whether it is a component, whose functions are described by WIT.
    pub fn is_component(&self) -> bool {
        self.compiled().is_some_and(|wasm| wasm.screened.component.is_some())
    }

    /// The export that runs the program that a module or component is.
    pub(crate) fn program(&self) -> Program<'_> {
        match &self.0.body {
            Body::Script(script) => Program::Script(script),
            Body::Wasm(wasm) => {
                match wasm.screened.component.as_ref().and_then(|component| component.program.as_deref()) {
                    Some(export) => Program::Component(export),
                    None => Program::Module,
                }
            }
        }
    }

    /// The binary module or component; none for a script, which runs as it is.
    pub fn wasm(&self) -> Option<&[u8]> {
        self.compiled().map(|wasm| &*wasm.bytes)
    }

    /// What it imports, as module and name; of a component, the interface alone.
    pub fn imports(&self) -> &[(String, String)] {
        self.compiled().map(|wasm| &*wasm.screened.imports).unwrap_or_default()
    }

    /// Its first memory in bytes, if it has one of its own.
    pub fn initial_memory_bytes(&self) -> u64 {
        self.compiled().map_or(0, |wasm| wasm.screened.initial_memory)
    }

    /// # Errors
    /// There are tools, or something of the network is granted, and it has no way to use them: a grant that does nothing.
    pub(crate) fn takes(&self, tools: &Toolbox, network: &NetworkPolicy) -> Result<(), SandboxError> {
        let name = self.name();
        let problem = if !tools.is_empty() && !self.calls_tools() {
            let (message, remedy) = match self.is_component() {
                true => ("imports no function that a tool could serve", "take the tools out"),
                false => (
                    "is compiled, and tools are for programs in Python and JavaScript, and components",
                    "register a `host_function` instead",
                ),
            };
            ConfigProblem::new("tools", format!("`{name}` {message}")).suggest(remedy)
        } else if network.grants().is_some() && !self.reaches_network() {
            let message = format!(
                "`{name}` has no way to use the network; programs in Python and JavaScript have, HTTP handlers in Go, and components that \
                 import `wasi:sockets` or `wasi:http/outgoing-handler`"
            );
            ConfigProblem::new("capabilities.network", message).suggest("grant nothing of the network")
        } else if let Some(rule) = self.useless_rule(network) {
            let message = format!(
                "`{name}` has no way to send datagrams, which `{rule}` grants; components that import `wasi:sockets/udp` have"
            );
            ConfigProblem::new("capabilities.network", message).suggest("take the rule out")
        } else {
            return Ok(());
        };
        Err(SandboxError::Configuration { problems: vec![problem] })
    }

    fn calls_tools(&self) -> bool {
        self.script().is_some() || !self.tool_imports().is_empty()
    }

    /// Whether its guests have a way to what is granted of the network.
    fn reaches_network(&self) -> bool {
        let imports = |name| self.imports_interface(name);
        let frames = |(module, name): &(String, String)| module == "wasm_sandbox" && name == "net";
        self.script().is_some()
            || imports("wasi:sockets/")
            || imports("wasi:http/outgoing-handler@")
            || self.imports().iter().any(frames)
    }

    /// A rule for datagrams, where there is no way to send one.
    fn useless_rule<'a>(&self, network: &'a NetworkPolicy) -> Option<&'a NetworkRule> {
        let mut rules = network.grants().map(|grants| &*grants.rules).unwrap_or_default().iter();
        let has_no_way = !self.imports_interface("wasi:sockets/udp@");
        rules.find(|rule| has_no_way && rule.protocol() == NetworkProtocol::Udp)
    }

    /// Whether it is a component that imports an interface whose name begins so.
    fn imports_interface(&self, name: &str) -> bool {
        self.is_component() && self.imports().iter().any(|(interface, _)| interface.starts_with(name))
    }

    /// # Errors
    /// It imports functions that are the caller's to give, and there is no tool for one of them.
    pub(crate) fn is_served_by(&self, tools: &Toolbox) -> Result<(), SandboxError> {
        let component = self.compiled().and_then(|wasm| wasm.screened.component.as_ref());
        let refuse = |reason: String| Err(SandboxError::NotRunnable { what: self.name().to_owned(), reason });
        if let Some(unknown) = component.and_then(|component| component.unknown_imports.first()) {
            return refuse(format!("an import cannot be provided: {unknown}"));
        }
        let missing = self.tool_imports().iter().find(|import| !tools.has(&ComponentValue::snake_name(&import.name)));
        match missing {
            Some(import) => {
                let (name, shown) = (ComponentValue::snake_name(&import.name), import.to_string());
                let [export, name, shown] =
                    [&import.export, &name, &shown].map(|text| Plain::line(text).at_most(MAX_SHOWN));
                refuse(format!(
                    "it imports `{export}`, for which there is no tool: register one named `{name}` that takes what `{shown}` says"
                ))
            }
            None => Ok(()),
        }
    }

    /// Functions that the component imports, for the caller's tools to serve.
    pub(crate) fn tool_imports(&self) -> &[Signature] {
        let component = self.compiled().and_then(|wasm| wasm.screened.component.as_ref());
        component.map(|component| component.imports.as_slice()).unwrap_or_default()
    }

    pub(crate) fn script(&self) -> Option<&Script> {
        match &self.0.body {
            Body::Wasm(_) => None,
            Body::Script(script) => Some(script),
        }
    }

    fn compiled(&self) -> Option<&Wasm> {
        match &self.0.body {
            Body::Wasm(wasm) => Some(wasm),
            Body::Script(_) => None,
        }
    }

    fn signatures(&self) -> Result<&Signatures, SandboxError> {
        match &self.0.body {
            Body::Wasm(wasm) => Ok(&wasm.signatures),
            Body::Script(script) => script.signatures(&self.0.name),
        }
    }

    /// Makes everything ready that takes long, for the engine that `limits` asks for.
    pub(crate) fn prepare(&self, limits: &ResourceLimits) -> Result<(), SandboxError> {
        match &self.0.body {
            Body::Wasm(wasm) => {
                wasm.with(EngineProfile::new(limits, self.0.setup.max_sandboxes), &self.0.setup, |_| Ok(()))
            }
            Body::Script(script) => script.interpreter(limits).map(|_| ()),
        }
    }

    /// The module with its imports resolved; compiled on first use.
    pub(crate) fn linked(
        &self,
        limits: &ResourceLimits,
        mode: Mode,
        functions: &Arc<HostFunctions>,
    ) -> Result<Linked, SandboxError> {
        match &self.0.body {
            Body::Wasm(wasm) => {
                let profile = EngineProfile::new(limits, self.0.setup.max_sandboxes);
                Ok((wasm.with(profile, &self.0.setup, |loaded| loaded.linked(mode, functions))?, None))
            }
            Body::Script(script) => {
                let interpreter = script.interpreter(limits)?;
                Ok((interpreter.linked(mode, functions)?, Some(interpreter)))
            }
        }
    }
}

impl Wasm {
    fn new(bytes: Arc<[u8]>, name: &str, setup: &Setup) -> Result<Self, SandboxError> {
        let mut screened = compile::screen(&bytes, name, setup)?;
        let signatures = match &mut screened.component {
            Some(component) => {
                let left_out = std::mem::take(&mut component.left_out);
                Signatures::of(std::mem::take(&mut component.functions), left_out)
            }
            None => Signatures::from_wasm(&bytes)?,
        };
        Ok(Self { bytes, signatures, screened, loaded: Mutex::default() })
    }

    /// Does something with the code that is compiled for a profile, which is done first if it was not.
    fn with<T>(
        &self,
        profile: EngineProfile,
        setup: &Setup,
        work: impl FnOnce(&mut Loaded) -> Result<T, SandboxError>,
    ) -> Result<T, SandboxError> {
        // Held while compiling: a second caller waits for the first instead of compiling again.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, module)) = loaded.iter_mut().find(|(known, _)| *known == profile) {
            return work(module);
        }
        let backend = engine::backend(profile)?;
        let mut module = {
            let imports = self.screened.component.as_ref().map(|component| component.imports.clone());
            Loaded::new(compile::load(&*backend, &self.bytes, self.screened.code, setup)?, imports.unwrap_or_default())
        };
        let outcome = work(&mut module);
        loaded.push((profile, module));
        outcome
    }
}

impl std::fmt::Debug for Module {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Module").field("name", &self.0.name).finish_non_exhaustive()
    }
}
