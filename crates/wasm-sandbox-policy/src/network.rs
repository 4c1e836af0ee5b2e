//! What a guest may reach on the network, and the decision on each name and address.

mod address;
mod decide;
mod host;
mod narrow;
mod record;
mod rule;
mod secret;

use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{
    address::AddressKind,
    decide::NetworkRefusal,
    host::{HostError, HostName, HostPattern, IpNetwork, NetworkHost},
    record::ConnectionRecord,
    rule::{NetworkProtocol, NetworkRule, NetworkRuleError},
    secret::{HeaderSecret, SecretText},
};
use crate::units::{ByteSize, duration_text};

/// What a guest may reach on the network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NetworkPolicy {
    /// Nothing: no name is resolved, nothing is connected to or listened on.
    #[default]
    Deny,
    /// What these grants name, and nothing else. Nothing is ever listened on.
    Allow(NetworkGrants),
}

impl NetworkPolicy {
    /// What is granted, if anything is.
    pub fn grants(&self) -> Option<&NetworkGrants> {
        match self {
            Self::Deny => None,
            Self::Allow(grants) => Some(grants),
        }
    }

    /// What is granted, to add to.
    pub(crate) fn grants_mut(&mut self) -> &mut NetworkGrants {
        loop {
            match self {
                Self::Allow(grants) => return grants,
                Self::Deny => *self = Self::Allow(NetworkGrants::default()),
            }
        }
    }
}

/// The hosts that a guest may connect to by TCP or send datagrams to by UDP, and how much. Totals count for one run or call. What a granted host does with
/// what it is sent, and what the guest tells it, is not bounded.
///
/// ```
/// use wasm_sandbox_policy::{InstanceConfig, NetworkGrants, NetworkPolicy};
///
/// let policy = InstanceConfig::from_toml(
///     r#"
///         [capabilities.network.allow]
///         rules = ["api.example.com:443", "*.example.org:443", "192.0.2.0/24:8000-8080"]
///         connections = 4
///     "#,
/// )?;
/// let NetworkPolicy::Allow(grants) = &policy.capabilities.network else { panic!() };
/// assert!(grants.check_name(&"api.example.com".parse()?, Some(443)).is_ok());
/// assert!(grants.check_address("169.254.169.254".parse()?, 80, []).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkGrants {
    /// The hosts and ports, such as `example.com:443`, `*.example.com`, `192.0.2.7:8080` or `10.0.0.0/8:5432`; with `udp://` before
    /// it for datagrams.
    pub rules: Vec<NetworkRule>,
    /// Connections and sockets for datagrams open at a time. Default 16, at most 1024. One more is refused to the guest, which goes on.
    pub connections: u32,
    /// Connections begun in one run, and hosts sent datagrams to from one socket. Default 1000. One more ends the guest.
    pub total_connections: u64,
    /// Bytes sent in one run, before encryption. Default 100MB. More end the guest.
    pub bytes_sent: ByteSize,
    /// Bytes received in one run, after decryption. Default 100MB. More end the guest.
    pub bytes_received: ByteSize,
    /// The longest that resolving a name, connecting or a TLS handshake may take, each. Default 10s.
    #[serde(with = "duration_text")]
    #[schemars(with = "String")]
    pub connect_timeout: Duration,
    /// The longest that a connection, or a socket for datagrams, may be open. Default 5m.
    #[serde(with = "duration_text")]
    #[schemars(with = "String")]
    pub connection_time: Duration,
    /// Headers that the host adds to requests to one of the granted hosts, and that the guest never sees. Default none.
    pub secrets: Vec<HeaderSecret>,
    /// Files on the host with certificates in PEM that are trusted besides the system's. Default none.
    pub roots: Vec<PathBuf>,
}

impl Default for NetworkGrants {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            connections: 16,
            total_connections: 1000,
            bytes_sent: ByteSize::mib(100),
            bytes_received: ByteSize::mib(100),
            connect_timeout: Duration::from_secs(10),
            connection_time: Duration::from_secs(300),
            secrets: Vec::new(),
            roots: Vec::new(),
        }
    }
}
