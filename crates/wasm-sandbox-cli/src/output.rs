//! Standard output: what was asked for, and nothing else. That it cannot be written is never passed over.

use std::io::{self, Write};

use serde::Serialize;
use wasm_sandbox::{ErrorReport, SandboxError};

/// Why a command ends without having done its work.
#[derive(Debug)]
pub(crate) enum Failure {
    Error(SandboxError),
    /// Nobody reads the output any more. They know, and are told nothing.
    ReaderGone,
}

impl From<SandboxError> for Failure {
    fn from(error: SandboxError) -> Self {
        Self::Error(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::Error(SandboxError::internal("writing to stdout", error)),
        }
    }
}

/// Prints a text, in colour where that is wanted.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}

/// Prints a value as one line of JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let line = serde_json::to_string(value).map_err(|error| SandboxError::internal("writing JSON", error))?;
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    Ok(stdout.flush()?)
}

/// What `--json` prints where there is no result at all.
#[derive(Serialize)]
pub(crate) struct NoResult {
    success: bool,
    error: ErrorReport,
}

impl From<ErrorReport> for NoResult {
    fn from(error: ErrorReport) -> Self {
        Self { success: false, error }
    }
}
