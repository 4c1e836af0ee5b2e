//! Run untrusted code in WebAssembly: closed by default, with limits that hold.
//!
//! ```no_run
//! # fn main() -> Result<(), wasm_sandbox::SandboxError> {
//! let sum: i32 = wasm_sandbox::blocking::run("calculator.rs", "add", (5, 3))?;
//! # Ok(()) }
//! ```

// What makes sandboxes needs an engine. Without one there are policies, signatures, the host and the trees, for the engines
// and fuzz targets that bring their own way in.
#![cfg_attr(not(feature = "wasmtime"), allow(dead_code, unused_imports, unused_macros))]

mod allowance;
#[cfg(feature = "wasmtime")]
pub mod blocking;
mod engine;
mod files;
#[cfg(feature = "wasmtime")]
mod function;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod host;
mod host_function;
#[cfg(feature = "wasmtime")]
mod http_handler;
mod image;
#[cfg(feature = "wasmtime")]
mod instance;
mod jail;
#[cfg(feature = "wasmtime")]
mod lang;
#[cfg(feature = "wasmtime")]
mod link;
#[cfg(feature = "wasmtime")]
mod module;
mod mount;
#[cfg(feature = "wasmtime")]
mod prelude;
#[cfg(feature = "wasmtime")]
mod run;
#[cfg(feature = "wasmtime")]
mod sandbox;
#[cfg(feature = "wasmtime")]
mod script;
#[cfg(feature = "wasmtime")]
mod session;
#[cfg(feature = "wasmtime")]
mod setup;
#[cfg(feature = "wasmtime")]
mod snapshot;
#[cfg(feature = "wasmtime")]
mod source;
mod tool;
mod value;
mod vfs;

/// What requests and bodies are made with.
pub use bytes;
pub use http;
pub use http_body;
/// What the schemas of tools are made with.
pub use schemars;
pub use wasm_sandbox_policy::*;

pub use self::{
    files::{FileEntry, Files},
    host_function::{HostCall, HostError},
    tool::{Tool, ToolCall, ToolError},
    value::{Abi, Case, FunctionParams, FunctionResult, LeftOut, Parameter, Signature, Type},
    vfs::FileKind,
};
#[cfg(feature = "wasmtime")]
pub use self::{
    function::{ComponentFunction, Function},
    http_handler::{HttpBody, HttpBodyError, HttpHandler},
    instance::{CallReport, CancelHandle, Instance},
    link::Provider,
    module::Module,
    run::{execute, run, run_with_timeout},
    sandbox::{SandboxConfig, WasmSandbox, WasmSandboxBuilder},
    session::Session,
    setup::{DangerousSetup, Diagnosis, Progress, Setup, images::NamedImage},
    snapshot::Snapshot,
    source::{Language, Source},
    value::{ComponentParams, ComponentResults},
};

/// The README's examples compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// So do the guide's.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/files.md")]
struct FilesGuide;

/// And of components.
#[cfg(all(doctest, feature = "wasmtime"))]
#[doc = include_str!("../../../docs/guide/components.md")]
struct ComponentsGuide;

/// And of sessions.
#[cfg(all(doctest, feature = "wasmtime"))]
#[doc = include_str!("../../../docs/guide/sessions.md")]
struct SessionsGuide;

/// And of tools.
#[cfg(all(doctest, feature = "wasmtime"))]
#[doc = include_str!("../../../docs/guide/tools.md")]
struct ToolsGuide;

/// And of HTTP.
#[cfg(all(doctest, feature = "wasmtime"))]
#[doc = include_str!("../../../docs/guide/http.md")]
struct HttpGuide;

/// And of the network.
#[cfg(all(doctest, feature = "wasmtime"))]
#[doc = include_str!("../../../docs/guide/network.md")]
struct NetworkGuide;
