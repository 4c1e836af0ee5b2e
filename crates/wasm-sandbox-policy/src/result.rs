//! The typed account of one run: how it ended, what it printed, what it used, what it changed, what it was refused.

use std::{fmt, time::Duration};

use base64::Engine as _;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    error::{ErrorReport, SandboxError},
    limits::{LimitHit, ResourceKind},
    network::ConnectionRecord,
    tool::ToolRecord,
    units::duration_text,
};

/// What happened in one run or call. How the guest ended is data here, not an error.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SandboxResult {
    /// Whether the guest ended by itself, a program with exit code 0.
    pub success: bool,
    /// Why it is no success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
    /// How the guest ended.
    pub ending: Ending,
    /// What a called function returned; nothing for a program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<serde_json::Value>,
    /// Captured standard output.
    pub stdout: Output,
    /// Captured standard error.
    pub stderr: Output,
    /// Wall time from the guest's first instruction to its last.
    #[serde(with = "duration_text")]
    #[schemars(with = "String")]
    pub duration: Duration,
    /// What it used.
    pub usage: DetailedResourceUsage,
    /// What it changed in its writable mounts.
    pub files: FileChanges,
    /// What it was refused.
    pub denials: Vec<Denial>,
    /// Refusals beyond those kept in `denials`.
    pub denials_dropped: u64,
    /// What it asked of the caller's tools, in the order of the calls; the first 1000.
    #[serde(default)]
    pub tool_calls: Vec<ToolRecord>,
    /// Calls beyond those kept in `tool_calls`.
    #[serde(default)]
    pub tool_calls_dropped: u64,
    /// The connections that it had or was refused, in the order in which they began; the first 1000.
    #[serde(default)]
    pub connections: Vec<ConnectionRecord>,
    /// Connections beyond those kept in `connections`.
    #[serde(default)]
    pub connections_dropped: u64,
    /// Limits that it hit, those that did not end it (a full disk, a refused growth of memory) included; each kind once.
    pub limits_hit: Vec<LimitHit>,
}

/// How a guest ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ending {
    /// A called function returned.
    Return,
    /// A program ended with this exit code.
    Exit {
        /// 0 for success.
        code: i32,
    },
    /// The guest trapped.
    Trap(Trap),
    /// A limit ended it.
    Limit(LimitHit),
    /// A turn of a session, or a function of a script, ended with an exception that nobody caught; the interpreter lives.
    Exception {
        /// The exception's type.
        name: String,
        /// What it says.
        message: String,
    },
    /// The caller cancelled it.
    Cancel,
}

impl Ending {
    /// Whether the guest ended by itself and well.
    pub fn success(&self) -> bool {
        matches!(self, Self::Return | Self::Exit { code: 0 })
    }

    /// How a call that failed with `error` ended, where it was not by force.
    pub fn of_error(error: &SandboxError) -> Self {
        match error {
            SandboxError::Exit { exit_code, .. } => Self::Exit { code: *exit_code },
            SandboxError::Exception { name, message, .. } => {
                Self::Exception { name: name.clone(), message: message.clone() }
            }
            _ => Self::Return,
        }
    }

    /// Why `what`, which ended like this, is no success.
    pub fn error(&self, what: &str) -> Option<SandboxError> {
        Some(match self {
            Self::Return | Self::Exit { code: 0 } => return None,
            Self::Exit { code } => SandboxError::Exit { function: what.to_owned(), exit_code: *code },
            Self::Trap(trap) => SandboxError::WasmRuntime { trap: trap.clone(), stderr: String::new() },
            Self::Limit(hit) => (*hit).into(),
            Self::Exception { name, message } => SandboxError::Exception {
                function: what.to_owned(),
                name: name.clone(),
                message: message.clone(),
                stack: String::new(),
            },
            Self::Cancel => SandboxError::Cancelled,
        })
    }
}

/// Why WebAssembly code stopped by force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trap {
    /// The kind of trap, where the engine names one.
    pub reason: TrapKind,
    /// A sentence of the engine's or of ours.
    pub message: String,
    /// The guest's functions, innermost first.
    pub backtrace: Backtrace,
}

/// The names of a guest's functions on its stack, innermost first; at most 32.
pub type Backtrace = Vec<String>;

/// The kinds of trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TrapKind {
    /// `unreachable` was run: an abort, a panic or an assertion.
    Unreachable,
    /// An access outside of a memory.
    MemoryOutOfBounds,
    /// An access outside of a table.
    TableOutOfBounds,
    /// An indirect call of a null entry.
    IndirectCallToNull,
    /// An indirect call with another type.
    BadSignature,
    /// An integer overflow in a conversion or division.
    IntegerOverflow,
    /// A division by zero.
    IntegerDivisionByZero,
    /// A float that does not fit an integer.
    BadConversionToInteger,
    /// An exception that nobody caught.
    UncaughtException,
    /// A host function failed.
    HostFunction,
    /// Anything else.
    Other,
}

/// Bytes that a guest printed. In JSON a string where they are UTF-8, otherwise `{"base64": "..."}`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Output(Vec<u8>);

impl Output {
    /// The bytes as printed.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text; what is not UTF-8 becomes U+FFFD.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// Whether nothing was printed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<u8>> for Output {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text(), f)
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl PartialEq<str> for Output {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for Output {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Base64Output {
    base64: String,
}

impl Serialize for Output {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => {
                Base64Output { base64: base64::engine::general_purpose::STANDARD.encode(&self.0) }.serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Output {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self(text.into_bytes())),
            other => {
                let encoded: Base64Output = serde_json::from_value(other).map_err(de::Error::custom)?;
                base64::engine::general_purpose::STANDARD.decode(encoded.base64).map(Self).map_err(de::Error::custom)
            }
        }
    }
}

impl JsonSchema for Output {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Output".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let encoded = generator.subschema_for::<Base64Output>();
        schemars::json_schema!({ "oneOf": [{ "type": "string" }, encoded] })
    }
}

/// What a run used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DetailedResourceUsage {
    /// Memory and tables.
    pub memory: MemoryUsage,
    /// Time and fuel.
    pub cpu: CpuUsage,
    /// Files, output and host calls.
    pub io: IoUsage,
    /// How memory and time grew, oldest first; at most 64 points, thinned out as a run goes on.
    pub timeline: Vec<ResourceSnapshot>,
}

/// Memory and tables. Memory is what `limits.memory` counts: linear memory and files in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemoryUsage {
    /// Bytes of memory at the end.
    pub current_bytes: u64,
    /// The most bytes of memory at a time.
    pub peak_bytes: u64,
    /// Table elements at the end.
    pub table_elements: u64,
}

/// Time and fuel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CpuUsage {
    /// Processor time of the guest and of its host calls, in microseconds.
    pub time_us: u64,
    /// Wall time, in microseconds.
    pub wall_us: u64,
    /// Fuel used, where it was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fuel: Option<u64>,
}

/// Files, output and host calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IoUsage {
    /// Files and directories opened.
    pub files_opened: u64,
    /// Bytes read from files and stdin.
    pub bytes_read: u64,
    /// Bytes written to files, stdout and stderr.
    pub bytes_written: u64,
    /// Bytes added to writable mounts.
    pub disk_bytes: u64,
    /// Files, directories and links created.
    pub files_created: u64,
    /// Bytes written to stdout and stderr.
    pub output_bytes: u64,
    /// Calls to the host.
    pub host_calls: u64,
    /// Bytes carried by calls to the host.
    pub host_call_bytes: u64,
}

/// Memory and time at one moment of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceSnapshot {
    /// Wall time since the start, in microseconds.
    pub at_us: u64,
    /// Processor time so far, in microseconds.
    pub cpu_us: u64,
    /// Bytes of linear memory.
    pub memory_bytes: u64,
}

/// Paths, as the guest sees them, that a run changed; sorted, each in one list only, at most 10,000 together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FileChanges {
    /// New files, directories and links.
    pub created: Vec<String>,
    /// Files that were there before and were written.
    pub modified: Vec<String>,
    /// Files that were there before and are gone.
    pub deleted: Vec<String>,
    /// Whether there were more changes than the lists hold.
    pub truncated: bool,
}

impl FileChanges {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.created.is_empty() && self.modified.is_empty() && self.deleted.is_empty()
    }
}

/// An act that the policy refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Denial {
    /// What the guest tried: `open`, `rename`, `connect`, `call`.
    pub operation: String,
    /// On what: a guest path, an address or a tool, at most 512 characters, control characters escaped.
    pub target: String,
    /// The capability that it lacked: `filesystem.read`, `filesystem.write`, `network`, `tools`.
    pub capability: String,
    /// A sentence more, where the capability alone does not explain it: `the path leads out of /data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How often the same act was refused.
    pub count: u64,
}

/// Who was refused what: the context of a security violation.
pub type SecurityContext = Denial;

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}` needs the capability `{}`", self.operation, self.target, self.capability)?;
        match &self.reason {
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}

impl SandboxResult {
    /// The account of nothing.
    pub fn empty() -> Self {
        Self {
            success: true,
            error: None,
            ending: Ending::Return,
            value: None,
            stdout: Output::default(),
            stderr: Output::default(),
            duration: Duration::ZERO,
            usage: DetailedResourceUsage::default(),
            files: FileChanges::default(),
            denials: Vec::new(),
            denials_dropped: 0,
            tool_calls: Vec::new(),
            tool_calls_dropped: 0,
            connections: Vec::new(),
            connections_dropped: 0,
            limits_hit: Vec::new(),
        }
    }

    /// The limit of `kind` that was hit, if it was.
    pub fn limit_hit(&self, kind: ResourceKind) -> Option<LimitHit> {
        self.limits_hit.iter().copied().find(|hit| hit.kind == kind)
    }
}
