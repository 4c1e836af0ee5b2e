//! Run untrusted code in WebAssembly: closed by default, with limits that hold.
//!
//! ```no_run
//! # fn main() -> Result<(), wasm_sandbox::SandboxError> {
//! let sum: i32 = wasm_sandbox::blocking::run("calculator.rs", "add", (5, 3))?;
//! # Ok(()) }
//! ```

pub mod blocking;
mod engine;
mod files;
mod function;
mod host;
mod host_function;
mod image;
mod instance;
mod jail;
mod lang;
mod module;
mod mount;
mod run;
mod sandbox;
mod script;
mod session;
mod setup;
mod source;
mod value;
mod vfs;

pub use wasm_sandbox_policy::*;

pub use self::{
    files::{FileEntry, Files},
    function::Function,
    host_function::{HostCall, HostError},
    instance::{CallReport, CancelHandle, Instance},
    module::Module,
    run::{execute, run, run_with_timeout},
    sandbox::{SandboxConfig, WasmSandbox, WasmSandboxBuilder},
    session::Session,
    setup::{DangerousSetup, Diagnosis, Progress, Setup},
    source::{Language, Source},
    value::{Abi, FunctionParams, FunctionResult, Parameter, Signature, Type},
    vfs::FileKind,
};

/// The README's examples compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// So do the guide's.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/files.md")]
struct FilesGuide;
