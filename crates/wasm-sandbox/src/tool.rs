//! Tools: functions of the caller's that programs in an interpreter call by name, and components import, with arguments and
//! results in JSON.

mod schema;

use std::{collections::BTreeMap, fmt, future::Future, sync::Arc};

use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use wasm_sandbox_policy::{ConfigProblem, Plain, ToolOutcome};

use self::schema::Schema;

/// Characters of a tool's name.
const MAX_NAME: usize = 64;

/// Characters of a failure's message that are kept.
const MAX_MESSAGE: usize = 1000;

/// Tools that a guest is told of when it asks for one that is not there.
const MAX_NAMED: usize = 20;

/// A function of the caller's that programs in Python and JavaScript call by name, and that serves what a component imports by that
/// name.
///
/// Arguments are checked against the tool's JSON Schema before the function sees them; the function still must not trust what
/// they say. A function that blocks runs on a thread of its own, so that a guest's deadline and a cancel end the guest
/// whatever the function does; the function itself is not interrupted, and what it returns later is dropped. The future of an
/// asynchronous one is dropped then.
#[derive(Clone)]
pub struct Tool {
    name: String,
    doc: String,
    schema: Value,
    /// Whether no arguments are to reach the function as `null`.
    unit: bool,
    code: ToolCode,
}

/// A tool's function. What it gives is JSON.
#[derive(Clone)]
pub(crate) enum ToolCode {
    Blocking(Arc<dyn Fn(Value) -> Outcome + Send + Sync>),
    Asynchronous(Arc<dyn Fn(Value) -> BoxFuture<'static, Outcome> + Send + Sync>),
}

/// What a call came to: the result in JSON, or why there is none.
pub(crate) type Outcome = Result<Vec<u8>, Failure>;

impl Tool {
    /// A tool over a function that may block. `A` is a type of named fields, or `()`, and its schema is the tool's; a field
    /// that `A` does not have is refused. `doc` is for whoever writes the guest's code.
    pub fn new<A, R, F>(name: impl Into<String>, doc: impl Into<String>, function: F) -> Self
    where
        A: DeserializeOwned + JsonSchema,
        R: Serialize,
        F: Fn(A) -> Result<R, ToolError> + Send + Sync + 'static,
    {
        let code = move |arguments| {
            let arguments = serde_json::from_value(arguments).map_err(Failure::invalid)?;
            result(function(arguments))
        };
        Self::of(name.into(), doc.into(), schema_of::<A>(), ToolCode::Blocking(Arc::new(code)))
    }

    /// As [`new`](Self::new) with a future. Calls that are under way at a time overlap.
    pub fn new_async<A, R, F, O>(name: impl Into<String>, doc: impl Into<String>, function: F) -> Self
    where
        A: DeserializeOwned + JsonSchema,
        R: Serialize,
        F: Fn(A) -> O + Send + Sync + 'static,
        O: Future<Output = Result<R, ToolError>> + Send + 'static,
    {
        let code = move |arguments| -> BoxFuture<'static, Outcome> {
            match serde_json::from_value(arguments) {
                Ok(arguments) => {
                    let future = function(arguments);
                    Box::pin(async move { result(future.await) })
                }
                Err(error) => Box::pin(async move { Err(Failure::invalid(error)) }),
            }
        };
        Self::of(name.into(), doc.into(), schema_of::<A>(), ToolCode::Asynchronous(Arc::new(code)))
    }

    /// A tool over a function that may block, with arguments as JSON that fits `schema`, the schema of an object.
    /// A schema
    /// may say what types, values, bounds and properties there are, and combine and refer to schemas of its own; one that says
    /// more (`pattern`, `if`) is refused, since it would not be held.
    pub fn with_schema<F>(name: impl Into<String>, doc: impl Into<String>, schema: Value, function: F) -> Self
    where
        F: Fn(Value) -> Result<Value, ToolError> + Send + Sync + 'static,
    {
        let code = move |arguments| result(function(arguments));
        Self::of(name.into(), doc.into(), schema, ToolCode::Blocking(Arc::new(code)))
    }

    /// As [`with_schema`](Self::with_schema) with a future.
    pub fn with_schema_async<F, O>(name: impl Into<String>, doc: impl Into<String>, schema: Value, function: F) -> Self
    where
        F: Fn(Value) -> O + Send + Sync + 'static,
        O: Future<Output = Result<Value, ToolError>> + Send + 'static,
    {
        let code = move |arguments| -> BoxFuture<'static, Outcome> {
            let future = function(arguments);
            Box::pin(async move { result(future.await) })
        };
        Self::of(name.into(), doc.into(), schema, ToolCode::Asynchronous(Arc::new(code)))
    }

    fn of(name: String, doc: String, mut schema: Value, code: ToolCode) -> Self {
        let unit = schema.get("type").and_then(Value::as_str) == Some("null");
        if unit {
            schema = json!({ "type": "object", "properties": {}, "additionalProperties": false });
        }
        Self { name, doc, schema, unit, code }
    }

    /// The name that guests call it by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it does, for whoever writes the guest's code.
    pub fn doc(&self) -> &str {
        &self.doc
    }

    /// The JSON Schema of its arguments, an object.
    pub fn schema(&self) -> &Value {
        &self.schema
    }
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The schema of a type, closed: a field that it does not have is most likely a mistake.
fn schema_of<A: JsonSchema>() -> Value {
    let mut schema = schemars::schema_for!(A).to_value();
    if let Some(schema) = schema.as_object_mut().filter(|schema| schema.contains_key("properties")) {
        schema.entry("additionalProperties").or_insert(Value::Bool(false));
    }
    schema
}

fn result<R: Serialize>(returned: Result<R, ToolError>) -> Outcome {
    let returned = returned.map_err(|error| Failure { outcome: ToolOutcome::Failed, error })?;
    serde_json::to_vec(&returned).map_err(|error| Failure {
        outcome: ToolOutcome::Failed,
        error: ToolError::new(format!("the result has no form in JSON: {error}")),
    })
}

/// One call, before it is made, as a [gate](crate::WasmSandboxBuilder::tool_gate) sees it.
#[derive(Debug)]
#[non_exhaustive]
pub struct ToolCall<'a> {
    /// The tool.
    pub name: &'a str,
    /// The arguments, an object that fits the tool's schema.
    pub arguments: &'a Value,
}

/// Why a tool failed, or a gate refused. What [`new`](Self::new) is given, and what any other error says, only the caller
/// learns, in [`ToolRecord::message`](crate::ToolRecord::message); the guest gets an exception that names the tool.
pub struct ToolError {
    message: String,
    /// Whether the guest may read it.
    told: bool,
}

impl ToolError {
    /// A failure whose message is not for the guest.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: kept(message.into()), told: false }
    }

    /// A failure whose message the guest gets with its exception.
    pub fn told(message: impl Into<String>) -> Self {
        Self { message: kept(message.into()), told: true }
    }
}

/// As much of a message as anyone is shown.
fn kept(mut message: String) -> String {
    if let Some((end, _)) = message.char_indices().nth(MAX_MESSAGE) {
        message.truncate(end);
    }
    message
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolError").field("message", &self.message).field("told", &self.told).finish()
    }
}

/// So that a tool can use `?`. For the same reason it is no [`std::error::Error`] itself.
impl<E: std::error::Error> From<E> for ToolError {
    fn from(error: E) -> Self {
        Self::new(error.to_string())
    }
}

/// Why a call came to nothing.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) outcome: ToolOutcome,
    error: ToolError,
}

impl Failure {
    pub(crate) fn new(outcome: ToolOutcome, error: ToolError) -> Self {
        Self { outcome, error }
    }

    /// About what the guest sent, which it may know.
    fn invalid(why: impl fmt::Display) -> Self {
        Self::new(ToolOutcome::Invalid, ToolError::told(why.to_string()))
    }

    pub(crate) fn too_large(len: usize, limit: u64) -> Self {
        let what = format!("{len} bytes, and {limit} at most (`limits.input`)");
        Self::new(ToolOutcome::TooLarge, ToolError::told(what))
    }

    /// The name of the exception that the guest gets.
    pub(crate) fn exception(&self) -> &'static str {
        match self.outcome {
            ToolOutcome::Unknown => "ToolNotFound",
            ToolOutcome::Invalid => "ToolArguments",
            ToolOutcome::Refused => "ToolRefused",
            _ => "ToolError",
        }
    }

    /// What the guest is told.
    pub(crate) fn to_guest(&self, tool: &str) -> String {
        let what = match self.outcome {
            ToolOutcome::Unknown => format!("there is no tool `{tool}`"),
            ToolOutcome::Invalid => format!("the arguments of `{tool}` do not fit"),
            ToolOutcome::Refused => format!("the call of `{tool}` was refused"),
            ToolOutcome::TooLarge => format!("the result of `{tool}` is too large"),
            _ => format!("the tool `{tool}` failed"),
        };
        if self.error.told { format!("{what}: {}", self.error.message) } else { what }
    }

    /// What the caller is told.
    pub(crate) fn message(&self) -> &str {
        &self.error.message
    }
}

/// Looks at a call before it is made.
pub(crate) type Gate = dyn Fn(&ToolCall<'_>) -> Result<(), ToolError> + Send + Sync;

/// The tools as a builder collects them.
#[derive(Clone, Default)]
pub(crate) struct Tools {
    pub(crate) tools: Vec<Tool>,
    pub(crate) gate: Option<Arc<Gate>>,
}

/// A tool that can be called.
pub(crate) struct ReadyTool {
    tool: Tool,
    schema: Schema,
}

/// The tools of a sandbox.
#[derive(Default)]
pub(crate) struct Toolbox {
    tools: BTreeMap<String, Arc<ReadyTool>>,
    gate: Option<Arc<Gate>>,
}

/// A call as a guest sends it. `arguments` is an object, or a list like `positional`.
#[derive(Deserialize)]
struct Request {
    name: String,
    #[serde(default)]
    arguments: Value,
    #[serde(default)]
    positional: Vec<Value>,
}

/// A call that can be made.
pub(crate) struct Job {
    tool: Arc<ReadyTool>,
    arguments: Value,
    gate: Option<Arc<Gate>>,
}

impl Toolbox {
    /// # Errors
    /// Every tool that is none, and a gate with nothing behind it.
    pub(crate) fn new(tools: Tools) -> Result<Self, Vec<ConfigProblem>> {
        let mut ready = BTreeMap::new();
        let mut problems = Vec::new();
        if tools.gate.is_some() && tools.tools.is_empty() {
            problems.push(ConfigProblem::new("tool_gate", "there are no tools for the gate to look at"));
        }
        for tool in tools.tools {
            match tool.ready() {
                Ok(tool) if ready.contains_key(tool.name()) => {
                    problems.push(ConfigProblem::new("tools", format!("there are two tools `{}`", tool.name())));
                }
                Ok(tool) => drop(ready.insert(tool.name().to_owned(), Arc::new(tool))),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(Self { tools: ready, gate: tools.gate }) } else { Err(problems) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.tools.contains_key(name)
    }

    /// What tools there are, for a guest that asks.
    pub(crate) fn list(&self) -> Value {
        let one = |tool: &Arc<ReadyTool>| {
            let Tool { name, doc, schema, .. } = &tool.tool;
            json!({ "name": name, "doc": doc, "schema": schema })
        };
        self.tools.values().map(one).collect()
    }

    /// A call as a guest sent it, checked. With the name that it is about, as far as there is one.
    pub(crate) fn read(&self, request: &[u8]) -> (String, Result<Job, Failure>) {
        let bytes = request.len();
        let request: Request = match serde_json::from_slice(request) {
            Ok(request) => request,
            Err(error) => return (String::new(), Err(Failure::invalid(format!("the call cannot be read: {error}")))),
        };
        let Request { name, arguments, positional } = request;
        let job = self.find(&name).and_then(|tool| {
            let arguments = tool.schema.fit(arguments, positional, bytes).map_err(Failure::invalid)?;
            Ok(Job { tool: Arc::clone(tool), arguments, gate: self.gate.clone() })
        });
        (name, job)
    }

    fn find(&self, name: &str) -> Result<&Arc<ReadyTool>, Failure> {
        self.tools.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.tools.keys().map(String::as_str).take(MAX_NAMED).collect();
            let there_are = if names.is_empty() { "there are none".to_owned() } else { names.join(", ") };
            Failure::new(ToolOutcome::Unknown, ToolError::told(there_are))
        })
    }
}

impl Job {
    pub(crate) fn code(&self) -> &ToolCode {
        &self.tool.tool.code
    }

    pub(crate) fn has_gate(&self) -> bool {
        self.gate.is_some()
    }

    /// Asks the gate, which may take its time.
    pub(crate) fn pass(&self) -> Result<(), Failure> {
        let Some(gate) = &self.gate else { return Ok(()) };
        let call = ToolCall { name: self.tool.name(), arguments: &self.arguments };
        gate(&call).map_err(|error| Failure::new(ToolOutcome::Refused, error))
    }

    /// What the function is called with.
    pub(crate) fn into_arguments(self) -> Value {
        if self.tool.tool.unit { Value::Null } else { self.arguments }
    }
}

impl ReadyTool {
    fn name(&self) -> &str {
        &self.tool.name
    }
}

impl Tool {
    fn ready(self) -> Result<ReadyTool, ConfigProblem> {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let first = self.name.chars().next();
        if self.name.len() > MAX_NAME
            || !first.is_some_and(|first| first.is_ascii_alphabetic())
            || !self.name.chars().all(plain)
        {
            let message = format!("`{}` is no name that both Python and JavaScript have", Plain::line(&self.name));
            let remedy = "use a letter, then letters, digits and `_`, at most 64";
            return Err(ConfigProblem::new("tools", message).suggest(remedy));
        }
        match Schema::new(&self.schema) {
            Ok(schema) => Ok(ReadyTool { tool: self, schema }),
            Err(why) => Err(ConfigProblem::new("tools", format!("the schema of `{}`: {why}", self.name))),
        }
    }
}
