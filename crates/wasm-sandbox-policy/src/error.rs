//! What can go wrong, for a caller: every error has a stable code and, where one helps, a suggestion.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    code::ErrorCode,
    limits::{LimitHit, ResourceKind},
    plain::Plain,
    result::{SecurityContext, Trap},
};

/// Why something could not be done. As text it is one for people: what a guest said is shown as [`Plain`] has it. The fields
/// hold it as it was.
///
/// ```
/// use wasm_sandbox_policy::{InstanceConfig, SandboxError};
///
/// let error = InstanceConfig::from_toml("[limits]\ntimout = \"5s\"").unwrap_err();
/// assert_eq!((error.code().row().name, error.code().row().exit), ("configuration", 2));
/// let SandboxError::Configuration { problems } = error else { unreachable!() };
/// assert_eq!((problems[0].field.as_str(), problems[0].line), ("limits.timout", Some(2)));
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The policy refused something that the call cannot go on without.
    #[error("denied: {context}")]
    SecurityViolation {
        /// What was refused.
        context: SecurityContext,
    },
    /// A limit ended the guest. `used` and `limit` are in the kind's own unit.
    #[error("{}", LimitHit { kind: *kind, used: *used, limit: *limit })]
    ResourceExhausted {
        /// Which limit.
        kind: ResourceKind,
        /// What the guest had used or asked for.
        used: u64,
        /// What it was allowed.
        limit: u64,
    },
    /// The guest trapped.
    #[error("the guest trapped: {}{}", Plain::lines(&trap.message), stderr_tail(stderr))]
    WasmRuntime {
        /// The trap.
        trap: Trap,
        /// What it had printed to standard error, at most the last 4 KiB.
        stderr: String,
    },
    /// The guest's function returned an error.
    #[error("`{}` failed: {}", Plain::line(function), Plain::line(&value.to_string()))]
    Function {
        /// The function.
        function: String,
        /// The error that it returned.
        value: serde_json::Value,
    },
    /// A script's function, or the script itself, raised an exception that nobody caught.
    #[error("`{}` raised {}: {}", Plain::line(function), Plain::line(name), Plain::lines(message))]
    Exception {
        /// The function, or the script's name.
        function: String,
        /// The exception's type.
        name: String,
        /// What it says.
        message: String,
        /// Where it came from, as the language tells it.
        stack: String,
    },
    /// The called function ended its program instead of returning, or a program ended with a code that is not 0.
    #[error("`{}` ended the program with exit code {exit_code}", Plain::line(function))]
    Exit {
        /// The function, or the program's name.
        function: String,
        /// The exit code.
        exit_code: i32,
    },
    /// The configuration is wrong: every mistake at once.
    #[error("{}", list(problems))]
    Configuration {
        /// The mistakes.
        problems: Vec<ConfigProblem>,
    },
    /// The arguments or the result do not fit the function.
    #[error("{}: the function is `{}`", Plain::line(detail), Plain::line(signature))]
    Signature {
        /// What does not fit.
        detail: String,
        /// The function's true signature.
        signature: String,
    },
    /// The source does not compile.
    #[error("the {language} source does not compile\n{}", Plain::lines(diagnostics))]
    Compilation {
        /// The language.
        language: String,
        /// What the compiler says, without paths of the host.
        diagnostics: String,
    },
    /// The file is not something that can be run.
    #[error("`{}` cannot be run: {}", Plain::line(what), Plain::lines(reason))]
    NotRunnable {
        /// The file or source.
        what: String,
        /// Why.
        reason: String,
    },
    /// There is no such file.
    #[error("no file `{}`", Plain::line(path))]
    FileNotFound {
        /// The path as given.
        path: String,
    },
    /// There is no such function, or it cannot be called.
    #[error("no function `{}`{}", Plain::line(function), left_out(reason.as_deref()))]
    FunctionNotFound {
        /// The name as given.
        function: String,
        /// Why a function of this name cannot be called, if there is one.
        reason: Option<String>,
        /// The functions there are, as signatures.
        available: Vec<String>,
    },
    /// A compiler or runtime is missing.
    #[error("{missing} is not installed")]
    Toolchain {
        /// What is missing.
        missing: String,
        /// The command that gets it.
        remedy: String,
    },
    /// This machine cannot enforce what was asked for.
    #[error("this machine cannot enforce {what}: {reason}")]
    Unenforceable {
        /// What was asked for.
        what: String,
        /// Why it cannot be had.
        reason: String,
    },
    /// The instance ended earlier, by a trap, a limit or an exit, and cannot be called again.
    #[error("the instance has ended ({}) and cannot be called again", Plain::lines(reason))]
    Ended {
        /// How it ended.
        reason: String,
    },
    /// The caller cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The sandbox itself failed.
    #[error("{}: {}", Plain::line(context), Plain::lines(reason))]
    Internal {
        /// What was being done.
        context: String,
        /// What failed.
        reason: String,
    },
}

impl SandboxError {
    /// The stable code.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::SecurityViolation { .. } => ErrorCode::Denied,
            Self::ResourceExhausted { kind, .. } => ErrorCode::of_limit(*kind),
            Self::WasmRuntime { .. } => ErrorCode::Trap,
            Self::Function { .. } | Self::Exception { .. } => ErrorCode::Function,
            Self::Exit { .. } => ErrorCode::Exit,
            Self::Configuration { .. } => ErrorCode::Configuration,
            Self::Signature { .. } => ErrorCode::Signature,
            Self::Compilation { .. } => ErrorCode::Compilation,
            Self::NotRunnable { .. } => ErrorCode::NotRunnable,
            Self::FileNotFound { .. } => ErrorCode::FileNotFound,
            Self::FunctionNotFound { .. } => ErrorCode::FunctionNotFound,
            Self::Toolchain { .. } => ErrorCode::Toolchain,
            Self::Unenforceable { .. } => ErrorCode::Unenforceable,
            Self::Ended { .. } => ErrorCode::Ended,
            Self::Cancelled => ErrorCode::Cancelled,
            Self::Internal { .. } => ErrorCode::Internal,
        }
    }

    /// What the caller can do about it, where there is something.
    pub fn suggestion(&self) -> Option<String> {
        match self {
            Self::SecurityViolation { context } => {
                Some(format!("grant `{}` if the guest should have it", context.capability))
            }
            Self::ResourceExhausted { kind, .. } => Some(limit_suggestion(*kind)),
            Self::FunctionNotFound { available, .. } if available.is_empty() => {
                Some("it has no callable function".to_owned())
            }
            Self::FunctionNotFound { function, available, .. } => Some(function_suggestion(function, available)),
            Self::Toolchain { remedy, .. } => Some(format!("get it with `{remedy}`")),
            Self::Ended { .. } => Some("create a new instance".to_owned()),
            Self::Unenforceable { .. }
            | Self::WasmRuntime { .. }
            | Self::Function { .. }
            | Self::Exception { .. }
            | Self::Exit { .. }
            | Self::Configuration { .. }
            | Self::Signature { .. }
            | Self::Compilation { .. }
            | Self::NotRunnable { .. }
            | Self::FileNotFound { .. }
            | Self::Cancelled
            | Self::Internal { .. } => None,
        }
    }

    /// An internal failure while doing `context`.
    pub fn internal(context: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::Internal { context: context.into(), reason: reason.to_string() }
    }
}

/// An error as programs read it: in the JSON of the command line, and of every other front door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorReport {
    /// Its code, which never changes: `timeout`.
    pub code: String,
    /// What happened. Some of it may be the guest's own words.
    pub message: String,
    /// What can be done about it, where there is something.
    pub suggestion: Option<String>,
    /// Where an exception came from, as its language tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
}

impl From<&SandboxError> for ErrorReport {
    fn from(error: &SandboxError) -> Self {
        let stack = match error {
            SandboxError::Exception { stack, .. } if !stack.is_empty() => Some(stack.clone()),
            _ => None,
        };
        Self { code: error.code().to_string(), message: error.to_string(), suggestion: error.suggestion(), stack }
    }
}

impl From<LimitHit> for SandboxError {
    fn from(hit: LimitHit) -> Self {
        Self::ResourceExhausted { kind: hit.kind, used: hit.used, limit: hit.limit }
    }
}

/// One mistake in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigProblem {
    /// The field: `limits.memory`, `capabilities.filesystem.mounts[1].guest`; empty for text that is no policy at all.
    pub field: String,
    /// The line of the policy file, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong with it.
    pub message: String,
    /// What to write instead, where there is a good answer.
    pub suggestion: Option<String>,
}

impl ConfigProblem {
    /// A mistake in `field`, with nothing known of its line and no suggestion.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), line: None, message: message.into(), suggestion: None }
    }

    /// With what to write instead.
    #[must_use]
    pub fn suggest(self, suggestion: impl Into<String>) -> Self {
        Self { suggestion: Some(suggestion.into()), ..self }
    }
}

impl std::fmt::Display for ConfigProblem {
    /// `limits.timout (line 3): there is no such setting; did you mean ...`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.field.as_str(), self.line) {
            ("", None) => {}
            ("", Some(line)) => write!(f, "line {line}: ")?,
            (field, None) => write!(f, "{field}: ")?,
            (field, Some(line)) => write!(f, "{field} (line {line}): ")?,
        }
        f.write_str(&self.message)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; {suggestion}"),
            None => Ok(()),
        }
    }
}

fn list(problems: &[ConfigProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn stderr_tail(stderr: &str) -> String {
    if stderr.trim().is_empty() { String::new() } else { format!("\n{}", Plain::lines(stderr.trim_end())) }
}

fn left_out(reason: Option<&str>) -> String {
    reason.map(|reason| format!(" that can be called: {}", Plain::line(reason))).unwrap_or_default()
}

fn function_suggestion(function: &str, available: &[String]) -> String {
    let names = available.iter().filter_map(|signature| signature.split('(').next());
    match nearest(function, names) {
        Some(near) => format!("did you mean `{}`?", Plain::line(near)),
        None => format!(
            "it has {}",
            available.iter().map(|one| format!("`{}`", Plain::line(one))).collect::<Vec<_>>().join(", ")
        ),
    }
}

/// The candidate that was probably meant by `word`, if one is near enough.
pub(crate) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = |candidate: &str| strsim::jaro_winkler(&word.to_lowercase(), &candidate.to_lowercase());
    candidates
        .map(|candidate| (near(candidate), candidate))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

fn limit_suggestion(kind: ResourceKind) -> String {
    let Some(setting) = kind.setting() else {
        return match kind {
            ResourceKind::CompileTime => "split the code, or allow more time in the `Setup`".to_owned(),
            ResourceKind::CompileMemory | ResourceKind::CompileProcesses => "split the code".to_owned(),
            _ => "drop sandboxes that are no longer needed and try again".to_owned(),
        };
    };
    let flag = match kind {
        ResourceKind::CpuTime => " (`--cpu-time`)",
        ResourceKind::WallTime => " (`--timeout`)",
        ResourceKind::Memory => " (`--memory`)",
        ResourceKind::Fuel => " (`--fuel`)",
        ResourceKind::Output => " (`--max-output`)",
        ResourceKind::Disk => " (`--max-disk`)",
        _ => "",
    };
    match kind {
        ResourceKind::CpuTime | ResourceKind::WallTime => {
            format!("raise `{setting}`{flag}, or give the guest less to do")
        }
        _ => format!("raise `{setting}`{flag} if the guest should have more"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Whatever a guest, its source or its names say, an error's text does not steer the terminal that shows it.
    #[test]
    fn no_error_steers_a_terminal() {
        let evil = || "a\u{1b}[2J\u{202e}\u{9b}31m".to_owned();
        let trap = Trap { reason: crate::TrapKind::Unreachable, message: evil(), backtrace: vec![evil()] };
        for error in [
            SandboxError::WasmRuntime { trap, stderr: evil() },
            SandboxError::Function { function: evil(), value: serde_json::json!({ evil(): evil() }) },
            SandboxError::Exception { function: evil(), name: evil(), message: evil(), stack: evil() },
            SandboxError::Exit { function: evil(), exit_code: 1 },
            SandboxError::Signature { detail: evil(), signature: evil() },
            SandboxError::Compilation { language: "C".to_owned(), diagnostics: evil() },
            SandboxError::NotRunnable { what: evil(), reason: evil() },
            SandboxError::FileNotFound { path: evil() },
            SandboxError::FunctionNotFound { function: evil(), available: vec![evil()], reason: Some(evil()) },
            SandboxError::FunctionNotFound { function: "other".to_owned(), available: vec![evil()], reason: None },
            SandboxError::Ended { reason: evil() },
            SandboxError::internal(evil(), evil()),
        ] {
            let shown = format!("{error} {}", error.suggestion().unwrap_or_default());
            assert!(shown.contains("\\u{1b}[2J"), "{shown:?}");
            assert!(!shown.contains(|c: char| c != '\n' && c.is_control() || c == '\u{202e}'), "{shown:?}");
        }
        let plain =
            SandboxError::Compilation { language: "C".to_owned(), diagnostics: "a.c:1:2: no\n\t‘ü’".to_owned() };
        assert_eq!(plain.to_string(), "the C source does not compile\na.c:1:2: no\n\t‘ü’");
    }
}
