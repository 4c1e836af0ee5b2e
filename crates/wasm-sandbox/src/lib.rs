//! Run untrusted code in WebAssembly: closed by default, with limits that hold.

mod engine;
mod host;
mod host_function;
mod value;
mod vfs;

pub use wasm_sandbox_policy::*;
