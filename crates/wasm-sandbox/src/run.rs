//! One line for the simple case.

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};
use wasm_sandbox_policy::{SandboxError, SandboxResult};

use crate::{sandbox::WasmSandbox, source::Source};

/// Calls one function of a source in a fresh, closed sandbox: `run("calculator.rs", "add", (5, 3))`.
///
/// # Errors
/// The source cannot be compiled or run, the arguments do not fit, the guest failed or hit one of the default limits.
pub async fn run<A: Serialize, R: DeserializeOwned>(
    source: impl Into<Source>,
    function: &str,
    arguments: A,
) -> Result<R, SandboxError> {
    WasmSandbox::from_source(source).await?.call(function, arguments).await
}

/// As [`run`] with another timeout than 30 seconds.
///
/// # Errors
/// Those of [`run`].
pub async fn run_with_timeout<A: Serialize, R: DeserializeOwned>(
    source: impl Into<Source>,
    function: &str,
    arguments: A,
    timeout: Duration,
) -> Result<R, SandboxError> {
    WasmSandbox::builder().source(source).timeout(timeout).build().await?.call(function, arguments).await
}

/// Runs a program in a fresh, closed sandbox and captures what it prints.
///
/// # Errors
/// The source cannot be compiled or is no program. How it ended is in the result.
pub async fn execute<I>(source: impl Into<Source>, arguments: I) -> Result<SandboxResult, SandboxError>
where
    I: IntoIterator,
    I::Item: Into<String>,
{
    WasmSandbox::from_source(source).await?.execute(arguments).await
}
