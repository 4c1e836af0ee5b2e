//! Requests to an interpreter, and its answers. Both are JSON; an answer is a guest's word and read with care.

use serde::Deserialize;
use serde_json::Value;
use wasm_sandbox_policy::SandboxError;

use crate::{
    source::Language,
    value::{Guest, WasmValue, check_input},
};

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
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Exception {
    pub(crate) name: String,
    pub(crate) message: String,
    /// The whole story, for people.
    #[serde(default)]
    pub(crate) stack: String,
}

/// Sends a request and reads the answer. `limit` bounds the bytes of each.
pub(crate) async fn ask(
    language: Language,
    guest: &mut (impl Guest + Send),
    request: &Value,
    limit: u64,
) -> Result<Answer, SandboxError> {
    let request = request.to_string();
    check_input(request.len() as u64, limit)?;
    // JSON's notation of a text is Python's, too.
    let literal =
        serde_json::to_string(&request).map_err(|error| SandboxError::internal("writing a request", error))?;
    execute(language, guest, &format!("__import__('_wasm_sandbox').handle({literal})")).await?;
    let Some(answer) = guest.take_answer() else { return Ok(silence("the interpreter gave no answer")) };
    check_input(answer.len() as u64, limit)?;
    Ok(serde_json::from_slice(&answer).unwrap_or_else(|_| silence("the interpreter's answer cannot be read")))
}

/// Runs code in the interpreter as it is.
pub(super) async fn execute(
    language: Language,
    guest: &mut (impl Guest + Send),
    code: &str,
) -> Result<(), SandboxError> {
    let failed = |what: &str| SandboxError::internal(format!("speaking to {}", language.name()), what.to_owned());
    let len = i32::try_from(code.len()).map_err(|_| failed("more than 2 GiB of code"))?;
    let Some(WasmValue::I32(pointer)) = guest.invoke("host_alloc", &[WasmValue::I32(len)]).await? else {
        return Err(failed("it gives no memory"));
    };
    let start = pointer.cast_unsigned() as usize;
    let room = guest.memory().get_mut(start..start.saturating_add(code.len()));
    room.filter(|_| pointer != 0)
        .ok_or_else(|| failed("it has no memory for the request"))?
        .copy_from_slice(code.as_bytes());
    guest.invoke("turn", &[WasmValue::I32(pointer), WasmValue::I32(len)]).await.map(|_| ())
}

fn silence(message: &str) -> Answer {
    Answer::Error(Exception { name: "Silence".to_owned(), message: message.to_owned(), stack: message.to_owned() })
}
