//! Run untrusted code in WebAssembly: closed by default, with limits that hold.

mod vfs;

pub use wasm_sandbox_policy::*;
