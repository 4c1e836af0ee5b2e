//! The call ABI of `docs/abi.md`, version 1, for what the attribute writes. Not for anybody else.

#![allow(unsafe_code)]

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};

/// The end of the argument list, so that a list of any length is a tuple.
pub struct End;

impl<'de> Deserialize<'de> for End {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <() as Deserialize>::deserialize(deserializer).map(|()| Self)
    }
}

/// Calls a function with the arguments in a buffer of the caller's, which is given up with them.
pub fn call<A: DeserializeOwned>(pointer: usize, len: usize, function: impl FnOnce(A) -> u64) -> u64 {
    // SAFETY: the caller has the buffer from `wasm_sandbox_alloc`, filled all of it, and leaves it to the callee.
    let mut arguments = unsafe { Vec::from_raw_parts(pointer as *mut u8, len, len) };
    arguments.pop();
    if arguments.len() > 1 {
        arguments.push(b',');
    }
    arguments.extend_from_slice(b"null]");
    match serde_json::from_slice(&arguments) {
        Ok(arguments) => function(arguments),
        Err(error) => send("invalid", &error.to_string()),
    }
}

/// What a function returned.
pub fn answer<T: Serialize>(value: T) -> u64 {
    send("ok", &value)
}

/// What a function returned that may fail.
pub fn answer_result<T: Serialize, E: Serialize>(value: Result<T, E>) -> u64 {
    match value {
        Ok(value) => send("ok", &value),
        Err(error) => send("err", &error),
    }
}

fn send<T: Serialize>(kind: &str, value: &T) -> u64 {
    match serde_json::to_string(value) {
        Ok(text) => give(format!("{{\"{kind}\":{text}}}")),
        Err(error) => send("invalid", &error.to_string()),
    }
}

/// A buffer for the caller, who gives it back.
fn give(answer: String) -> u64 {
    let answer = answer.into_bytes().into_boxed_slice();
    let len = answer.len() as u64;
    let pointer = Box::into_raw(answer).cast::<u8>() as usize as u64;
    pointer << 32 | len
}

#[unsafe(no_mangle)]
extern "C" fn wasm_sandbox_alloc(len: usize) -> usize {
    let mut bytes = Vec::<u8>::new();
    if bytes.try_reserve_exact(len.max(1)).is_err() {
        return 0;
    }
    let pointer = bytes.as_mut_ptr() as usize;
    std::mem::forget(bytes);
    pointer
}

#[unsafe(no_mangle)]
extern "C" fn wasm_sandbox_free(pointer: usize, len: usize) {
    if len > 0 {
        // SAFETY: the buffer is one that `give` or `wasm_sandbox_alloc` made, of this length, and nobody has it any more.
        drop(unsafe { Vec::from_raw_parts(pointer as *mut u8, len, len) });
    }
}
