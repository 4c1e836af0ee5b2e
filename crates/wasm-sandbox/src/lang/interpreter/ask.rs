//! Requests to an interpreter, and its answers. Both are JSON; an answer is a guest's word and read with care.

use serde::Deserialize;
use serde_json::Value;
use wasm_sandbox_policy::SandboxError;

use super::STACK;
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

impl Exception {
    /// What it is and where it came from, as people read it.
    pub(crate) fn story(&self) -> String {
        let Self { name, message, stack } = self;
        if stack.contains(message.as_str()) && stack.contains(name.as_str()) {
            return stack.clone();
        }
        format!("{name}: {message}\n{stack}").trim_end().to_owned()
    }
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
    let answer = match language {
        Language::JavaScript => javascript(guest, &request).await?,
        _ => python(guest, &request).await?,
    };
    let Some(answer) = answer else { return Ok(silence("the interpreter gave no answer")) };
    check_input(answer.len() as u64, limit)?;
    Ok(serde_json::from_slice(&answer).unwrap_or_else(|_| silence("the interpreter's answer cannot be read")))
}

/// Starts an interpreter whose memory is as it was compiled.
pub(super) async fn start(
    language: Language,
    guest: &mut (impl Guest + Send),
    driver: &str,
) -> Result<(), SandboxError> {
    match language {
        Language::JavaScript => {
            let stack = i32::try_from(STACK.as_u64()).unwrap_or(i32::MAX);
            guest.invoke("_initialize", &[]).await?;
            guest.invoke("start", &[]).await?;
            guest.invoke("stack", &[WasmValue::I32(stack)]).await.map(|_| ())
        }
        _ => execute(guest, driver).await,
    }
}

/// What every new instance is told before its first request. Python draws random numbers when it begins by itself.
pub(crate) async fn begin(
    language: Language,
    guest: &mut (impl Guest + Send),
    random: [u64; 2],
) -> Result<(), SandboxError> {
    if language == Language::JavaScript {
        guest.invoke("seed", &random.map(|number| WasmValue::I64(number.cast_signed()))).await?;
    }
    Ok(())
}

async fn python(guest: &mut (impl Guest + Send), request: &str) -> Result<Option<Vec<u8>>, SandboxError> {
    // JSON's notation of a text is Python's, too.
    let literal = serde_json::to_string(request).map_err(|error| SandboxError::internal("writing a request", error))?;
    execute(guest, &format!("__import__('_wasm_sandbox').handle({literal})")).await?;
    Ok(guest.take_answer())
}

/// Runs Python as it is.
async fn execute(guest: &mut (impl Guest + Send), code: &str) -> Result<(), SandboxError> {
    let (pointer, len) = place(guest, "host_alloc", code).await?;
    guest.invoke("turn", &[pointer, len]).await.map(|_| ())
}

async fn javascript(guest: &mut (impl Guest + Send), request: &str) -> Result<Option<Vec<u8>>, SandboxError> {
    let (pointer, len) = place(guest, "wasm_sandbox_alloc", request).await?;
    let Some(WasmValue::I64(packed)) = guest.invoke("turn", &[pointer, len]).await? else { return Ok(None) };
    let (pointer, len) = ((packed as u64 >> 32) as u32, packed as u64 as u32);
    let start = pointer as usize;
    let answer = guest.memory().get(start..start.saturating_add(len as usize)).map(<[u8]>::to_vec);
    guest.invoke("wasm_sandbox_free", &[pointer, len].map(|value| WasmValue::I32(value.cast_signed()))).await?;
    Ok(answer)
}

/// Copies a text into memory that the interpreter gives.
async fn place(
    guest: &mut (impl Guest + Send),
    allocator: &str,
    text: &str,
) -> Result<(WasmValue, WasmValue), SandboxError> {
    let failed = |what: &str| SandboxError::internal("speaking to an interpreter", what.to_owned());
    let len = i32::try_from(text.len()).map_err(|_| failed("more than 2 GiB of code"))?;
    let Some(WasmValue::I32(pointer)) = guest.invoke(allocator, &[WasmValue::I32(len)]).await? else {
        return Err(failed("it gives no memory"));
    };
    let start = pointer.cast_unsigned() as usize;
    let room = guest.memory().get_mut(start..start.saturating_add(text.len()));
    let room = room.filter(|_| pointer != 0).ok_or_else(|| failed("it has no memory for the request"))?;
    room.copy_from_slice(text.as_bytes());
    Ok((WasmValue::I32(pointer), WasmValue::I32(len)))
}

fn silence(message: &str) -> Answer {
    Answer::Error(Exception { name: "Silence".to_owned(), message: message.to_owned(), stack: message.to_owned() })
}
