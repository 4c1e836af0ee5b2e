//! Buffers on their way in and out of a guest, whatever the agreement: every pointer and length of a guest's is checked, and
//! what JSON of a guest's will take in the host's memory is bounded before it is read.

use serde::de::DeserializeOwned;
use serde_json::Value;
use wasm_sandbox_policy::{LimitHit, ResourceKind, SandboxError};

use super::{Guest, WasmValue, check_input};

/// Makes the error of a guest that did not keep to the agreement.
pub(crate) type Refuse<'a> = &'a (dyn Fn(String) -> SandboxError + Sync);

/// Copies bytes into memory that the guest's allocator gives; where they are, as pointer and length.
pub(crate) async fn place(
    guest: &mut (impl Guest + Send),
    allocator: &str,
    bytes: &[u8],
    refuse: Refuse<'_>,
) -> Result<[WasmValue; 2], SandboxError> {
    let len = i32::try_from(bytes.len()).map_err(|_| refuse("more than 2 GiB of arguments".to_owned()))?;
    let pointer = match guest.invoke(allocator, &[WasmValue::I32(len)]).await? {
        Some(WasmValue::I32(0)) | None => {
            return Err(refuse("the guest has no memory for the arguments".to_owned()));
        }
        Some(WasmValue::I32(pointer)) => pointer,
        Some(_) => return Err(refuse(format!("`{allocator}` gave back no pointer"))),
    };
    let start = pointer.cast_unsigned() as usize;
    let room = guest.memory().get_mut(start..start.saturating_add(bytes.len()));
    room.ok_or_else(|| outside(refuse))?.copy_from_slice(bytes);
    Ok([WasmValue::I32(pointer), WasmValue::I32(len)])
}

/// Reads the JSON in a buffer that a guest's function gave back, `pointer << 32 | len`, and gives the buffer to `free`.
/// `limit` bounds its bytes, and what it takes once it is read.
pub(crate) async fn take_json<T: DeserializeOwned>(
    guest: &mut (impl Guest + Send),
    returned: Option<WasmValue>,
    free: &str,
    limit: u64,
    refuse: Refuse<'_>,
) -> Result<T, SandboxError> {
    let Some(WasmValue::I64(packed)) = returned else {
        return Err(refuse("the guest gave back no buffer".to_owned()));
    };
    let (pointer, len) = ((packed as u64 >> 32) as u32, packed as u64 as u32);
    check_input(len.into(), limit)?;
    let start = pointer as usize;
    let answer = guest.memory().get(start..start.saturating_add(len as usize)).ok_or_else(|| outside(refuse))?;
    let read = read_json(answer, limit, refuse);
    // One that is too large is not read, and the guest is not entered again for it.
    if !matches!(read, Err(SandboxError::ResourceExhausted { .. })) {
        guest.invoke(free, &[pointer, len].map(|value| WasmValue::I32(value.cast_signed()))).await?;
    }
    read
}

/// Reads JSON of a guest's.
pub(crate) fn read_json<T: DeserializeOwned>(json: &[u8], limit: u64, refuse: Refuse<'_>) -> Result<T, SandboxError> {
    check_json(json, limit)?;
    serde_json::from_slice(json).map_err(|error| refuse(format!("the guest's answer cannot be read: {error}")))
}

fn outside(refuse: Refuse<'_>) -> SandboxError {
    refuse("the guest gave a buffer outside of its memory".to_owned())
}

/// Bytes of an answer below which it is read as it is, whatever it holds.
const LIGHT: usize = 64 << 10;

/// How many times `limit` an answer may take in the host's memory once it is read.
const MAX_WEIGHT: u64 = 16;

/// Whether JSON is short enough, and so is what it will take once it is read: seven bytes of object take half a kilobyte.
///
/// # Errors
/// The limit that it does not keep to.
pub(crate) fn check_json(json: &[u8], limit: u64) -> Result<(), LimitHit> {
    let kind = ResourceKind::Input;
    let within = |used: u64, limit: u64| if used > limit { Err(LimitHit { kind, used, limit }) } else { Ok(()) };
    within(json.len() as u64, limit)?;
    if json.len() <= LIGHT { Ok(()) } else { within(weight(json), limit.saturating_mul(MAX_WEIGHT)) }
}

/// About how much memory the value of a JSON text takes at most: every separator outside of strings begins an item, and
/// every object has room for eleven.
fn weight(json: &[u8]) -> u64 {
    let (mut weight, mut text, mut escaped) = (json.len() as u64, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = text,
            b'"' => text = !text,
            b'{' if !text => weight += OBJECT,
            b'[' | b',' if !text => weight += ITEM,
            _ => {}
        }
    }
    weight
}

/// Bytes of a map's smallest node.
const OBJECT: u64 = 11 * (size_of::<String>() + size_of::<Value>()) as u64;

/// Bytes of one value in a list, whose room may be twice what it holds.
const ITEM: u64 = 2 * size_of::<Value>() as u64;
