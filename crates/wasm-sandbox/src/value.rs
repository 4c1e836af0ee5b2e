//! Values on their way in and out of a guest: signatures, JSON and wasm values, the call ABI (`docs/abi.md`).

mod arguments;
mod buffer;
mod call;
mod check;
mod component;
mod exports;
#[cfg(fuzzing)]
pub mod fuzzing;
mod result;
mod schema;
mod serialize;
mod signature;
mod signatures;
#[cfg(test)]
mod tests;
mod types;

pub(crate) use self::signatures::Signatures;
#[cfg(feature = "wasmtime")]
pub use self::types::{ComponentParams, ComponentResults};
pub(crate) use self::{
    arguments::{Arguments, check_input},
    buffer::{Refuse, check_json, place, read_json, take_json},
    call::{Guest, Outcome, call},
    component::{Answered, ComponentValue, Described, Docs},
};
pub use self::{
    signature::{Abi, Case, LeftOut, Parameter, Signature, Type},
    types::{FunctionParams, FunctionResult},
};

/// The type of one wasm value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WasmType {
    I32,
    I64,
    F32,
    F64,
}

/// One wasm value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum WasmValue {
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
}
