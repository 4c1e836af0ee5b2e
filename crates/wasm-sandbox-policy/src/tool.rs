//! What a guest asked of the caller's tools.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One call of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolRecord {
    /// The tool as the guest named it, at most 512 characters, what steers a terminal escaped.
    pub name: String,
    /// When the guest made the call, in microseconds since the run began.
    pub at_us: u64,
    /// How long the guest could have waited for the answer, in microseconds: the gate and the wait for a turn included.
    pub duration_us: u64,
    /// Bytes of the call as the guest sent it, in JSON.
    pub argument_bytes: u64,
    /// Bytes of the answer as the guest gets it, in JSON.
    pub result_bytes: u64,
    /// What it came to.
    pub outcome: ToolOutcome,
    /// Why it came to nothing, for the caller: what the tool said in confidence is here, and was not told to the guest. At
    /// most 1000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What a call of a tool came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolOutcome {
    /// The guest got a value.
    Ok,
    /// The tool returned an error.
    Failed,
    /// The tool panicked.
    Panicked,
    /// There is no such tool.
    Unknown,
    /// The arguments do not fit; the tool was not called.
    Invalid,
    /// The gate refused it; the tool was not called.
    Refused,
    /// The result was longer than `limits.input`.
    TooLarge,
    /// Too many calls were under way; the tool was not called.
    TooMany,
    /// The guest ended, or gave the call up, before there was an answer.
    Abandoned,
}
