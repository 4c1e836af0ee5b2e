//! What a project's own settings for cargo say of it. They also name programs to run and places to fetch from, so one key of
//! them is read here, and cargo does not get to see them.

use std::{io, path::Path};

use toml::{Table, Value};
use wasm_sandbox_policy::{ConfigProblem, SandboxError};

use super::super::{COMPONENT_TARGET, TARGET};
use crate::jail::work;

/// Where cargo looks, in its order.
const FILES: [&str; 2] = [".cargo/config", ".cargo/config.toml"];

/// Bytes of the settings.
const MAX_BYTES: u64 = 1 << 20;

/// What the project in a folder is compiled for.
///
/// # Errors
/// The settings cannot be read, or name a target that is none of a guest's.
pub(super) fn target(folder: &Path) -> Result<&'static str, SandboxError> {
    for file in FILES {
        match work::read(folder, Path::new(file), MAX_BYTES) {
            Ok(text) => return named(file, &text),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(error) => return Err(wrong(file, "", format!("it cannot be read: {error}"))),
        }
    }
    Ok(TARGET)
}

fn named(file: &str, text: &[u8]) -> Result<&'static str, SandboxError> {
    let text = std::str::from_utf8(text).map_err(|_| wrong(file, "", "it is not UTF-8".to_owned()))?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| wrong(file, "", error.message().to_owned()))?;
    let Some(value) = table.get("build").and_then(|build| build.get("target")) else { return Ok(TARGET) };
    let one = match value {
        Value::Array(all) if all.len() == 1 => all.first(),
        other => Some(other),
    };
    let known = [TARGET, COMPONENT_TARGET].into_iter().find(|target| one.and_then(Value::as_str) == Some(target));
    known.ok_or_else(|| wrong(file, ": build.target", format!("{value} is not what a guest is compiled for")))
}

fn wrong(file: &str, field: &str, message: String) -> SandboxError {
    let problem = ConfigProblem::new(format!("{file}{field}"), message);
    let suggestion = format!("name `{TARGET}`, or `{COMPONENT_TARGET}` for a component");
    let problem = if field.is_empty() { problem } else { problem.suggest(suggestion) };
    SandboxError::Configuration { problems: vec![problem] }
}
