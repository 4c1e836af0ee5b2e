//! Requests to an interpreter, and its answers. Both are JSON; an answer is a guest's word and read with care.

use serde::Deserialize;
use serde_json::Value;
use wasm_sandbox_policy::SandboxError;

use super::{Runtime, STACK};
use crate::value::{Guest, Refuse, WasmValue, check_input, place, read_json, take_json};

/// What helps where a module is missing: it may lie beside the script, which is not there either.
const BESIDE: &str =
    "A file beside the script can be imported where its folder is granted, as with `--allow-read DIR:/`.";

/// What helps where one is named like those that are installed elsewhere.
const NO_PACKAGES: &str = "Packages are not found by their names: import a file by its path.";

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

/// An exception, as its language tells it.
#[derive(Debug, Deserialize)]
pub(crate) struct Exception {
    pub(crate) name: String,
    pub(crate) message: String,
    /// The whole story, for people.
    #[serde(default)]
    pub(crate) stack: String,
}

impl Exception {
    /// What it is and where it came from, as people read it.
    pub(crate) fn story(&self) -> String {
        let Self { name, message, stack } = self;
        let told = stack.contains(message.as_str()) && stack.contains(name.as_str());
        if told { stack.clone() } else { format!("{name}: {message}\n{stack}").trim_end().to_owned() }
    }

    /// The same of a script, with what helps.
    pub(crate) fn advised(&self) -> String {
        let (story, message) = (self.story(), &self.message);
        // Python's driver says it by itself.
        let is_path = |module: &str| module.starts_with(['.', '/']);
        if message.strip_prefix("Cannot find module '").is_some_and(is_path) {
            return format!("{story}\n{BESIDE}");
        }
        if message.starts_with("Cannot find package '") {
            return format!("{story}\n{NO_PACKAGES}");
        }
        story
    }
}

impl Answer {
    /// The value of a call of `function`, or the error that it is.
    pub(crate) fn into_value(self, runtime: Runtime, function: &str) -> Result<Value, SandboxError> {
        let function = function.to_owned();
        match self {
            Self::Ok(value) => Ok(runtime.value(value).0),
            Self::Exit(exit_code) => Err(SandboxError::Exit { function, exit_code }),
            Self::Invalid(detail) => Err(SandboxError::Signature { detail, signature: function }),
            Self::Error(exception) => Err(SandboxError::Exception {
                function,
                stack: exception.advised(),
                name: exception.name,
                message: exception.message,
            }),
        }
    }
}

/// Sends a request and reads the answer. `limit` bounds the bytes of each.
pub(crate) async fn ask(
    runtime: Runtime,
    guest: &mut (impl Guest + Send),
    request: &Value,
    limit: u64,
) -> Result<Answer, SandboxError> {
    let request = match runtime {
        Runtime::TypeScript => in_language(request, runtime.name()).to_string(),
        Runtime::JavaScript | Runtime::Python => request.to_string(),
    };
    check_input(request.len() as u64, limit)?;
    let refuse = |why| no_answer(runtime, why);
    match runtime {
        Runtime::JavaScript | Runtime::TypeScript => {
            let buffer = place(guest, "wasm_sandbox_alloc", request.as_bytes(), &refuse).await?;
            let returned = guest.invoke("turn", &buffer).await?;
            take_json(guest, returned, "wasm_sandbox_free", limit, &refuse).await
        }
        Runtime::Python => {
            turn(guest, &request, &refuse).await?;
            let answer = guest.take_answer().ok_or_else(|| refuse("the interpreter gave no answer".to_owned()))?;
            read_json(&answer, limit, &refuse)
        }
    }
}

/// Starts an interpreter whose memory is as it was compiled.
pub(super) async fn start(runtime: Runtime, guest: &mut (impl Guest + Send), driver: &str) -> Result<(), SandboxError> {
    match runtime {
        Runtime::JavaScript | Runtime::TypeScript => {
            let stack = i32::try_from(STACK.as_u64()).unwrap_or(i32::MAX);
            guest.invoke("_initialize", &[]).await?;
            guest.invoke("start", &[]).await?;
            guest.invoke("stack", &[WasmValue::I32(stack)]).await?;
            make_room(guest).await
        }
        Runtime::Python => turn(guest, driver, &|why| no_answer(runtime, why)).await,
    }
}

/// Has the allocator own some memory ahead of time: growing in every sandbox costs more than small programs do.
async fn make_room(guest: &mut (impl Guest + Send)) -> Result<(), SandboxError> {
    let room = WasmValue::I32(512 << 10);
    match guest.invoke("wasm_sandbox_alloc", &[room]).await? {
        Some(pointer) => guest.invoke("wasm_sandbox_free", &[pointer, room]).await.map(|_| ()),
        None => Ok(()),
    }
}

/// Tells a new instance of JavaScript its random numbers. Python draws its own when it begins.
pub(crate) async fn seed(guest: &mut (impl Guest + Send), random: [u64; 2]) -> Result<(), SandboxError> {
    guest.invoke("seed", &random.map(|number| WasmValue::I64(number.cast_signed()))).await.map(|_| ())
}

/// A request whose code is in another language than the interpreter's own.
fn in_language(request: &Value, name: &str) -> Value {
    let mut request = request.clone();
    if let Some(request) = request.as_object_mut() {
        request.insert("language".to_owned(), name.into());
    }
    request
}

/// Has Python take a turn: the driver's text is code, and with it every text after that is a request.
async fn turn(guest: &mut (impl Guest + Send), text: &str, refuse: Refuse<'_>) -> Result<(), SandboxError> {
    let buffer = place(guest, "host_alloc", text.as_bytes(), refuse).await?;
    guest.invoke("turn", &buffer).await.map(|_| ())
}

/// A program has taken its interpreter apart, or has given it what it cannot pass on.
fn no_answer(runtime: Runtime, why: String) -> SandboxError {
    let function = runtime.name().to_owned();
    SandboxError::Exception { function, name: "AnswerError".to_owned(), message: why.clone(), stack: why }
}
