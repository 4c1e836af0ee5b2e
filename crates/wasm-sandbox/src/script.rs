//! A source that runs as it is: what a module is when there is nothing to compile.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wasm_sandbox_policy::{InstanceConfig, ResourceLimits, SandboxError};

use crate::{
    engine::at_first_poll,
    instance::Blueprint,
    lang::interpreter::{Answer, Interpreter, Runtime, TEMPORARY, ask},
    module::Module,
    sandbox::SandboxConfig,
    setup::Setup,
    value::{Abi, Arguments, Guest, LeftOut, Outcome, Parameter, Signature, Signatures, Type},
};

/// The folder that scripts import from, if it is granted; it comes before the interpreter's own library.
const PROJECT: &str = "/project";

/// Names by which applications of WSGI and ASGI are found.
const APPLICATIONS: [&str; 2] = ["application", "app"];

/// A source and the interpreter that runs it.
pub(crate) struct Script {
    pub(crate) runtime: Runtime,
    text: Arc<str>,
    prelude: Arc<str>,
    setup: Setup,
    /// An interpreter that is not to be looked up: one that is just being made ready.
    fixed: Option<Arc<Interpreter>>,
    signatures: OnceLock<Signatures>,
    /// Under which its functions are described.
    config: InstanceConfig,
}

/// A function as an interpreter describes it.
#[derive(Deserialize)]
struct Described {
    name: String,
    /// Why it cannot be called, if it cannot.
    left_out: Option<String>,
    doc: Option<String>,
    /// With their types, where the language has any.
    #[serde(default)]
    params: Vec<Parameter>,
    result: Option<Type>,
    /// Where it has none.
    #[serde(default)]
    parameters: Vec<Bare>,
}

/// A parameter without a type.
#[derive(Deserialize)]
struct Bare {
    name: String,
    /// The text of what it is otherwise.
    default: Option<String>,
    #[serde(default)]
    rest: bool,
}

impl Script {
    pub(crate) fn new(runtime: Runtime, text: Arc<str>, prelude: Arc<str>, config: &SandboxConfig) -> Self {
        let SandboxConfig { instance, setup } = config.clone();
        Self { runtime, text, prelude, setup, fixed: None, signatures: OnceLock::new(), config: instance }
    }

    /// No source at all, for an interpreter that is just being made ready.
    pub(crate) fn none(interpreter: Arc<Interpreter>) -> Self {
        let fixed = Some(Arc::clone(&interpreter));
        Self { fixed, ..Self::new(interpreter.runtime(), "".into(), "".into(), &SandboxConfig::default()) }
    }

    pub(crate) fn interpreter(&self, limits: &ResourceLimits) -> Result<Arc<Interpreter>, SandboxError> {
        match &self.fixed {
            Some(interpreter) => Ok(Arc::clone(interpreter)),
            None => Interpreter::get(self.runtime, &self.prelude, limits, &self.setup),
        }
    }

    /// Whether its interpreter is just being made ready.
    pub(crate) fn is_unprepared(&self) -> bool {
        self.fixed.is_some()
    }

    /// Runs it as a program; the exit code.
    pub(crate) async fn run(
        &self,
        guest: &mut (impl Guest + Send),
        name: &str,
        arguments: &[String],
        config: &InstanceConfig,
    ) -> Result<i32, SandboxError> {
        let request = self.request("run", name, config, json!({ "arguments": arguments }));
        match ask(self.runtime, guest, &request, config.limits.input.as_u64()).await? {
            Answer::Exit(code) => Ok(code),
            answer => self.loaded(answer, name).map(|_| 0),
        }
    }

    /// Runs it once, so that its functions can be called.
    pub(crate) async fn load(
        &self,
        guest: &mut (impl Guest + Send),
        name: &str,
        config: &InstanceConfig,
    ) -> Result<(), SandboxError> {
        let request = self.request("load", name, config, json!({}));
        let answer = ask(self.runtime, guest, &request, config.limits.input.as_u64()).await?;
        self.loaded(answer, name).map(|_| ())
    }

    /// Whether it may have what answers requests, which is known once it has run: its text has a word without which there is none.
    pub(crate) fn may_answer(&self) -> bool {
        let wanted: &[&str] = match self.runtime {
            Runtime::Python => &APPLICATIONS,
            Runtime::JavaScript | Runtime::TypeScript => &["fetch", "default", "exports"],
        };
        words(&self.text).any(|word| wanted.contains(&word))
    }

    /// Whether it has what answers requests: in Python a line of the module's own that makes the application, in JavaScript and TypeScript a
    /// function `fetch` that is exported, by itself or in the default export.
    pub(crate) fn has_handler(&self, name: &str) -> bool {
        match self.runtime {
            Runtime::Python => self.text.lines().any(makes_application),
            Runtime::JavaScript | Runtime::TypeScript => {
                self.signatures(name).is_ok_and(|signatures| signatures.find("fetch").is_ok())
            }
        }
    }

    /// Has what was loaded answer a request, with random numbers of its own if another instance has loaded it.
    pub(crate) async fn serve(
        &self,
        guest: &mut (impl Guest + Send),
        name: &str,
        request: &impl Serialize,
        reseeds: bool,
        limit: u64,
    ) -> Result<(), SandboxError> {
        let mut request = json!({ "op": "serve", "request": request });
        if let (true, Some(request), Value::Object(more)) = (reseeds, request.as_object_mut(), self.runtime.reseeding())
        {
            request.extend(more);
        }
        self.loaded(ask(self.runtime, guest, &request, limit).await?, name).map(|_| ())
    }

    /// Calls a function of what was loaded.
    pub(crate) async fn call(
        &self,
        guest: &mut (impl Guest + Send),
        signature: &Signature,
        arguments: &Arguments,
        limit: u64,
    ) -> Result<Outcome, SandboxError> {
        let mut arguments: Vec<Value> = serde_json::from_slice(&arguments.to_json(signature, limit)?)
            .map_err(|error| SandboxError::internal("encoding arguments", error))?;
        // What was left out is to be what the function has for it.
        let left_out = |arguments: &[Value]| {
            let parameter = arguments.len().checked_sub(1).and_then(|last| signature.params.get(last));
            arguments.last() == Some(&Value::Null)
                && parameter.is_some_and(|parameter| matches!(parameter.kind, Type::Option(_)))
        };
        while left_out(&arguments) {
            arguments.pop();
        }
        let request = json!({ "op": "call", "function": signature.export, "arguments": arguments });
        match ask(self.runtime, guest, &request, limit).await? {
            Answer::Invalid(why) => Err(signature.misfit(why)),
            answer => answer.into_value(self.runtime, &signature.name).map(Outcome::Value),
        }
    }

    /// The functions that it has, read from its text and not run.
    /// What keeps them from being read is not kept: it may have been a limit, or a busy machine.
    pub(crate) fn signatures(&self, name: &str) -> Result<&Signatures, SandboxError> {
        if let Some(signatures) = self.signatures.get() {
            return Ok(signatures);
        }
        let described = self.describe(name)?;
        Ok(self.signatures.get_or_init(|| described))
    }

    fn describe(&self, name: &str) -> Result<Signatures, SandboxError> {
        let config = &self.config;
        let module = Module::unprepared(self.interpreter(&config.limits)?);
        let limit = config.limits.input.as_u64();
        let work = async {
            let mut instance = Blueprint::closed(&module, config, &Arc::default()).untouched().await?;
            let mut guest = instance.adapter(name);
            let mut request = json!({ "op": "describe" });
            if self.runtime == Runtime::Python {
                request = json!({ "op": "describe", "name": name, "code": &*self.text });
            } else {
                // Only a module that has run knows its exports.
                self.load(&mut guest, name, config).await?;
            }
            self.loaded(ask(self.runtime, &mut guest, &request, limit).await?, name)
        };
        // In blocking mode a future is ready at its first poll.
        let described = at_first_poll(|| work).unwrap_or(Err(SandboxError::Cancelled))?;
        let described: Vec<Described> =
            serde_json::from_value(described).map_err(|error| SandboxError::internal("describing a script", error))?;
        let (left_out, described): (Vec<_>, Vec<_>) = described.into_iter().partition(|one| one.left_out.is_some());
        let left_out = left_out.into_iter().map(|one| LeftOut::new(one.name, one.left_out.unwrap_or_default()));
        let functions = described.into_iter().map(|described| described.into_signature(self.runtime));
        Ok(Signatures::of(functions, left_out.collect()))
    }

    fn request(&self, operation: &str, name: &str, config: &InstanceConfig, more: Value) -> Value {
        let mut request = json!({ "op": operation, "name": name, "code": &*self.text });
        let more = [more, self.runtime.surroundings(config)];
        for more in more {
            if let (Some(request), Value::Object(more)) = (request.as_object_mut(), more) {
                request.extend(more);
            }
        }
        request
    }

    /// The answer to a request about the source as a whole. One that is no source of its language does not compile.
    fn loaded(&self, answer: Answer, name: &str) -> Result<Value, SandboxError> {
        match answer {
            Answer::Error(exception) if exception.name == "SyntaxError" => Err(SandboxError::Compilation {
                language: self.runtime.name().to_owned(),
                diagnostics: exception.story(),
            }),
            answer => answer.into_value(self.runtime, name),
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty())
}

/// Whether a line defines, imports or assigns a name by which applications are found.
fn makes_application(line: &str) -> bool {
    let Some(first) = words(line).next().filter(|first| line.starts_with(first)) else { return false };
    match first {
        "def" | "class" => words(line).nth(1).is_some_and(|name| APPLICATIONS.contains(&name)),
        "async" => words(line).nth(2).is_some_and(|name| APPLICATIONS.contains(&name)),
        "from" | "import" => words(line).any(|name| APPLICATIONS.contains(&name)),
        name => APPLICATIONS.contains(&name) && line.trim_start_matches(name).trim_start().starts_with([':', '=']),
    }
}

impl Runtime {
    /// The value of an answer, and its text if it is to be echoed; Python has printed that by itself.
    pub(crate) fn value(self, answer: Value) -> (Value, Option<String>) {
        match answer {
            Value::Object(mut answer) if self != Self::Python => {
                let undefined = answer.get("undefined").and_then(Value::as_bool).unwrap_or_default();
                let text = answer.get("text").and_then(Value::as_str).filter(|_| !undefined).map(str::to_owned);
                (answer.remove("value").unwrap_or_default(), text)
            }
            answer => (answer, None),
        }
    }

    /// What the first request to a copy says besides, so that it draws random numbers of its own. JavaScript is told before.
    pub(crate) fn reseeding(self) -> Value {
        match self {
            Self::Python => json!({ "reseed": true }),
            Self::JavaScript | Self::TypeScript => json!({}),
        }
    }

    /// What the first request to an instance says besides: where relative paths begin and, for Python, its environment and
    /// where imports come from. JavaScript finds these by itself.
    pub(crate) fn surroundings(self, config: &InstanceConfig) -> Value {
        let granted =
            |place: &str| config.capabilities.filesystem.mounts.iter().any(|mount| mount.guest().as_str() == place);
        let folder = ["/", PROJECT].into_iter().find(|place| granted(place)).unwrap_or(TEMPORARY);
        if self != Self::Python {
            return json!({ "folder": folder });
        }
        let path = if granted(PROJECT) { vec![PROJECT] } else { Vec::new() };
        let environment = &config.capabilities.system.environment.variables;
        json!({ "environment": environment, "path": path, "folder": folder, "first": true })
    }
}

impl Bare {
    fn into_parameter(self) -> Parameter {
        let any = Type::Any("any".to_owned());
        let kind = if self.default.is_some() || self.rest { Type::Option(Box::new(any)) } else { any };
        Parameter { name: self.name, kind }
    }
}

impl Described {
    fn into_signature(mut self, runtime: Runtime) -> Signature {
        self.params.extend(self.parameters.into_iter().map(Bare::into_parameter));
        if runtime != Runtime::Python {
            self.result.get_or_insert_with(|| Type::Any("any".to_owned()));
        }
        Signature {
            export: self.name.clone(),
            name: self.name,
            doc: self.doc,
            abi: Abi::Script,
            params: self.params,
            result: self.result,
        }
    }
}
