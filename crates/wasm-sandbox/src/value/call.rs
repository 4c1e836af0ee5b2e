//! One call through the ABI, whatever the engine. Every pointer, length and text from the guest is checked.

use std::future::Future;

use serde::Deserialize;
use serde_json::Value;
use wasm_sandbox_policy::SandboxError;

use super::{
    WasmValue,
    arguments::{Arguments, check_input},
    signature::{Abi, Signature, Type},
};

const ALLOC: &str = "wasm_sandbox_alloc";
const FREE: &str = "wasm_sandbox_free";

/// What the ABI needs of an instance.
pub(crate) trait Guest {
    /// Calls an export.
    fn invoke(
        &mut self,
        export: &str,
        arguments: &[WasmValue],
    ) -> impl Future<Output = Result<Option<WasmValue>, SandboxError>> + Send;

    /// The guest's memory as it is now.
    fn memory(&mut self) -> &mut [u8];
}

/// What a function gave back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// A float, not always one that JSON can carry.
    Number(f64),
    /// Any other value.
    Value(Value),
    /// The function returned its `Err`.
    Error(Value),
}

/// The answer of a function with the `json` ABI.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Envelope {
    Ok(Value),
    Err(Value),
    Invalid(String),
}

/// Calls the function that `signature` describes. `limit` bounds the bytes of arguments and result.
pub(crate) async fn call(
    guest: &mut (impl Guest + Send),
    signature: &Signature,
    arguments: &Arguments,
    limit: u64,
) -> Result<Outcome, SandboxError> {
    arguments.check(signature)?;
    match signature.abi {
        Abi::Direct => {
            let values = encode(signature, arguments)?;
            let returned = guest.invoke(&signature.export, &values).await?;
            decode(signature, returned)
        }
        Abi::Json => json(guest, signature, arguments, limit).await,
        Abi::Cstring => cstring(guest, signature, arguments, limit).await,
    }
}

fn encode(signature: &Signature, arguments: &Arguments) -> Result<Vec<WasmValue>, SandboxError> {
    let encode = |(value, parameter): (&Value, &super::Parameter)| parameter.kind.encode(value);
    let values = arguments.values().iter().zip(&signature.params).map(encode).collect::<Option<Vec<_>>>();
    values.ok_or_else(|| signature.misfit("an argument cannot travel as a wasm value".to_owned()))
}

fn decode(signature: &Signature, returned: Option<WasmValue>) -> Result<Outcome, SandboxError> {
    match (&signature.result, returned) {
        (Some(kind), Some(value)) => kind.decode(value).map_err(|why| signature.misfit(why)),
        _ => Ok(Outcome::Value(Value::Null)),
    }
}

async fn json(
    guest: &mut (impl Guest + Send),
    signature: &Signature,
    arguments: &Arguments,
    limit: u64,
) -> Result<Outcome, SandboxError> {
    let (pointer, len) = place(guest, signature, ALLOC, &arguments.to_json(limit)?).await?;
    let Some(WasmValue::I64(packed)) = guest.invoke(&signature.export, &[pointer, len]).await? else {
        return Err(signature.misfit("the guest gave back no buffer".to_owned()));
    };
    let (pointer, len) = ((packed as u64 >> 32) as u32, packed as u64 as u32);
    check_input(len as usize, limit)?;
    let envelope = serde_json::from_slice(slice(guest, signature, pointer, len)?);
    guest.invoke(FREE, &[WasmValue::I32(pointer as i32), WasmValue::I32(len as i32)]).await?;
    match envelope.map_err(|error| signature.misfit(format!("the guest's answer cannot be read: {error}")))? {
        Envelope::Ok(value) => Ok(Outcome::Value(value)),
        Envelope::Err(value) => Ok(Outcome::Error(value)),
        Envelope::Invalid(message) => Err(signature.misfit(format!("the guest refused the arguments: {message}"))),
    }
}

async fn cstring(
    guest: &mut (impl Guest + Send),
    signature: &Signature,
    arguments: &Arguments,
    limit: u64,
) -> Result<Outcome, SandboxError> {
    let (mut values, mut owned) = (Vec::new(), Vec::new());
    for (value, parameter) in arguments.values().iter().zip(&signature.params) {
        let value = match (&parameter.kind, value) {
            (Type::String, Value::String(text)) => {
                let (pointer, _) =
                    place(guest, signature, "malloc", &zero_ended(signature, &parameter.name, text, limit)?).await?;
                owned.push(pointer);
                pointer
            }
            (kind, value) => kind
                .encode(value)
                .ok_or_else(|| signature.misfit(format!("argument `{}` cannot travel", parameter.name)))?,
        };
        values.push(value);
    }
    let returned = guest.invoke(&signature.export, &values).await?;
    let outcome = match (&signature.result, returned) {
        (Some(Type::String), Some(WasmValue::I32(0))) => Outcome::Value(Value::Null),
        (Some(Type::String), Some(WasmValue::I32(pointer))) => {
            Outcome::Value(read_zero_ended(guest, signature, pointer as u32, limit)?.into())
        }
        (_, returned) => decode(signature, returned)?,
    };
    for pointer in owned {
        guest.invoke("free", &[pointer]).await?;
    }
    Ok(outcome)
}

fn zero_ended(signature: &Signature, name: &str, text: &str, limit: u64) -> Result<Vec<u8>, SandboxError> {
    if text.contains('\0') {
        return Err(signature.misfit(format!("argument `{name}` holds a zero byte, which would end it")));
    }
    check_input(text.len(), limit)?;
    Ok([text.as_bytes(), &[0]].concat())
}

fn read_zero_ended(
    guest: &mut impl Guest,
    signature: &Signature,
    pointer: u32,
    limit: u64,
) -> Result<String, SandboxError> {
    let bytes = guest.memory().get(pointer as usize..).unwrap_or_default();
    let end = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1).min(bytes.len());
    let window = bytes.get(..end).unwrap_or_default();
    match window.iter().position(|byte| *byte == 0) {
        Some(len) => {
            let text = std::str::from_utf8(window.get(..len).unwrap_or_default());
            text.map(str::to_owned).map_err(|_| signature.misfit("the guest's text is not UTF-8".to_owned()))
        }
        None if window.len() as u64 > limit => check_input(window.len(), limit).map(|()| String::new()),
        None => Err(signature.misfit("the guest's text has no end inside its memory".to_owned())),
    }
}

/// Copies bytes into memory that the guest's allocator gives.
async fn place(
    guest: &mut (impl Guest + Send),
    signature: &Signature,
    allocator: &str,
    bytes: &[u8],
) -> Result<(WasmValue, WasmValue), SandboxError> {
    let len = i32::try_from(bytes.len()).map_err(|_| signature.misfit("more than 2 GiB of arguments".to_owned()))?;
    let pointer = match guest.invoke(allocator, &[WasmValue::I32(len)]).await? {
        Some(WasmValue::I32(0)) | None => {
            return Err(signature.misfit("the guest has no memory for the arguments".to_owned()));
        }
        Some(WasmValue::I32(pointer)) => pointer,
        Some(_) => return Err(signature.misfit(format!("`{allocator}` gave back no pointer"))),
    };
    let start = pointer as u32 as usize;
    let room = guest.memory().get_mut(start..start.saturating_add(bytes.len()));
    room.ok_or_else(|| outside(signature))?.copy_from_slice(bytes);
    Ok((WasmValue::I32(pointer), WasmValue::I32(len)))
}

fn slice<'a>(
    guest: &'a mut impl Guest,
    signature: &Signature,
    pointer: u32,
    len: u32,
) -> Result<&'a [u8], SandboxError> {
    let start = pointer as usize;
    guest.memory().get(start..start.saturating_add(len as usize)).ok_or_else(|| outside(signature))
}

fn outside(signature: &Signature) -> SandboxError {
    signature.misfit("the guest gave a buffer outside of its memory".to_owned())
}
