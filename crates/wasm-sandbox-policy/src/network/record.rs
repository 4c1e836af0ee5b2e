//! What a guest did on the network.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::NetworkProtocol;

/// A connection in one run, or an attempt at one; of datagrams, all with one other side from one socket. One that is open over several turns of a session is in the account of each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectionRecord {
    /// The host as the guest named it, at most 512 characters, what steers a terminal escaped.
    pub host: String,
    /// The address that was connected to, or was refused; nothing when the name was not resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The port.
    pub port: u16,
    /// Whether it is a connection or datagrams.
    #[serde(default)]
    pub protocol: NetworkProtocol,
    /// Whether it was encrypted by the host, with the other side's certificate checked.
    pub tls: bool,
    /// When the guest began it, in microseconds since the run began.
    pub at_us: u64,
    /// How long it was open in this run, in microseconds, connecting included.
    pub duration_us: u64,
    /// Bytes that the guest sent in this run, before encryption.
    pub bytes_sent: u64,
    /// Bytes that the guest received in this run, after decryption.
    pub bytes_received: u64,
    /// Why it was refused or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
