//! One rule: hosts and ports, as text.

use std::{borrow::Cow, fmt, net::IpAddr, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    AddressKind,
    host::{HostName, HostPattern, IpNetwork},
};
use crate::{plain::Plain, units::TextVisitor};

/// Hosts that may be connected to by TCP, or sent datagrams by UDP, and on which ports. In text `HOST`, `HOST:PORT` or
/// `HOST:FIRST-LAST`, with `udp://` before it for datagrams, which may be `tcp://` otherwise; without a port it is for every port. A host is a name, `*.` and a name for all names below that, an
/// address, or a network of addresses. IPv6 with a port is in brackets. An address that is no host's, such as `0.0.0.0`, is in no rule.
///
/// ```
/// use wasm_sandbox_policy::NetworkRule;
///
/// for text in ["example.com:443", "*.example.com", "192.0.2.0/24:8000-8080", "[2001:db8::/32]:443", "::1", "udp://192.0.2.7:53"] {
///     assert_eq!(text.parse::<NetworkRule>()?.to_string(), text);
/// }
/// for wrong in ["https://example.com/", "example.com:0", "*", "127.1", "0.0.0.0:80"] {
///     assert!(wrong.parse::<NetworkRule>().is_err());
/// }
/// # Ok::<(), wasm_sandbox_policy::NetworkRuleError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NetworkRule {
    protocol: NetworkProtocol,
    host: HostPattern,
    first: u16,
    last: u16,
}

/// How guests and hosts talk to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NetworkProtocol {
    /// Connections.
    #[default]
    Tcp,
    /// Datagrams.
    Udp,
}

impl NetworkRule {
    /// Whether it is for connections or for datagrams.
    pub fn protocol(&self) -> NetworkProtocol {
        self.protocol
    }

    /// The hosts.
    pub fn host(&self) -> &HostPattern {
        &self.host
    }

    /// Whether it is for this port.
    pub fn has_port(&self, port: u16) -> bool {
        port > 0 && (self.first..=self.last).contains(&port)
    }

    /// Its port, if it is for one only.
    pub fn port(&self) -> Option<u16> {
        (self.first == self.last).then_some(self.first)
    }

    /// Whether it is for every port.
    pub fn has_every_port(&self) -> bool {
        (self.first, self.last) == EVERY_PORT
    }

    /// Its name or address, if it is for one only.
    pub(crate) fn single_host(&self) -> Option<Single<'_>> {
        match &self.host {
            HostPattern::Name(name) => Some(Single::Name(name)),
            HostPattern::Network(network) => network.address().map(Single::Address),
            HostPattern::Subdomains(_) => None,
        }
    }

    /// Whether it grants all that `other` does.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.protocol == other.protocol
            && self.host.covers(&other.host)
            && self.first <= other.first
            && other.last <= self.last
    }

    /// What both grant.
    pub(crate) fn meet(&self, other: &Self) -> Option<Self> {
        let host = if self.protocol != other.protocol {
            return None;
        } else if self.host.covers(&other.host) {
            &other.host
        } else if other.host.covers(&self.host) {
            &self.host
        } else {
            return None;
        };
        let (first, last) = (self.first.max(other.first), self.last.min(other.last));
        (first <= last).then(|| Self { protocol: self.protocol, host: host.clone(), first, last })
    }
}

/// The one host of a rule.
#[derive(PartialEq)]
pub(crate) enum Single<'a> {
    Name(&'a HostName),
    Address(IpAddr),
}

const EVERY_PORT: (u16, u16) = (1, u16::MAX);

/// Text that is not a network rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a network rule: it {rule}")]
pub struct NetworkRuleError {
    text: String,
    rule: String,
}

impl FromStr for NetworkRule {
    type Err = NetworkRuleError;

    fn from_str(text: &str) -> Result<Self, NetworkRuleError> {
        read(text).map_err(|rule| NetworkRuleError { text: Plain::line(text).at_most(300).to_string(), rule })
    }
}

fn read(text: &str) -> Result<NetworkRule, String> {
    let (protocol, rest) = match text.split_once("://") {
        None => (NetworkProtocol::Tcp, text),
        Some(("tcp", rest)) => (NetworkProtocol::Tcp, rest),
        Some(("udp", rest)) => (NetworkProtocol::Udp, rest),
        Some((scheme, rest)) => return Err(no_url(scheme, rest)),
    };
    let (host, ports) = split(rest)?;
    let host: HostPattern = host.parse().map_err(|error: super::host::HostError| error.0.to_owned())?;
    let (first, last) = ports.map_or(Ok(EVERY_PORT), range)?;
    if let HostPattern::Network(network) = &host
        && let Some(kind) = network.is_nobodys()
    {
        return Err(nobodys(network, kind));
    }
    Ok(NetworkRule { protocol, host, first, last })
}

/// That a rule grants nothing, since no host has such an address.
fn nobodys(network: &IpNetwork, kind: AddressKind) -> String {
    let instead = match (kind, is_v6(network)) {
        (AddressKind::Unspecified, false) => "write `127.0.0.1` for this machine, or `0.0.0.0/0` for every address",
        (AddressKind::Unspecified, true) => "write `[::1]` for this machine, or `[::/0]` for every address",
        _ => "write the addresses of the hosts themselves",
    };
    format!("grants nothing, since `{network}` is {kind}, and so no host's: {instead}")
}

fn no_url(scheme: &str, rest: &str) -> String {
    let port = if scheme.eq_ignore_ascii_case("http") { 80 } else { 443 };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let with_port = if host.contains(':') { host.to_owned() } else { format!("{host}:{port}") };
    format!("must be a host and a port, and no URL: write `{}`", Plain::line(&with_port).at_most(300))
}

/// The host's text and the ports'.
fn split(text: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, ports) = rest.split_once(']').ok_or("must close its `[` with a `]`")?;
        if !host.contains(':') {
            return Err("can have only IPv6 in brackets".to_owned());
        }
        return match ports.strip_prefix(':') {
            Some(ports) => Ok((host, Some(ports))),
            None if ports.is_empty() => Ok((host, None)),
            None => Err("can have only a port after its `]`, as in `[::1]:443`".to_owned()),
        };
    }
    match text.split_once(':') {
        Some((host, ports)) if !ports.contains(':') => Ok((host, Some(ports))),
        _ => Ok((text, None)),
    }
}

fn range(text: &str) -> Result<(u16, u16), String> {
    let port = |text: &str| {
        let digits = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
        text.parse::<u16>().ok().filter(|port| digits && *port > 0)
    };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (port(first), port(last)) {
        (Some(first), Some(last)) if first <= last => Ok((first, last)),
        _ => Err("must have a port from 1 to 65535 after its `:`, or a range such as `8000-8080`".to_owned()),
    }
}

impl fmt::Display for NetworkRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.protocol == NetworkProtocol::Udp {
            f.write_str("udp://")?;
        }
        if self.has_every_port() {
            return self.host.fmt(f);
        }
        match &self.host {
            HostPattern::Network(network) if is_v6(network) => write!(f, "[{network}]")?,
            host => write!(f, "{host}")?,
        }
        match self.port() {
            Some(port) => write!(f, ":{port}"),
            None => write!(f, ":{}-{}", self.first, self.last),
        }
    }
}

fn is_v6(network: &IpNetwork) -> bool {
    network.to_string().contains(':')
}

impl Serialize for NetworkRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NetworkRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a network rule in quotes, such as `\"example.com:443\"`";
        deserializer.deserialize_str(TextVisitor { expected, parse: str::parse })
    }
}

impl JsonSchema for NetworkRule {
    fn schema_name() -> Cow<'static, str> {
        "NetworkRule".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "`HOST`, `HOST:PORT` or `HOST:FIRST-LAST`, with `udp://` before it for datagrams; a host is a name, `*.` and a name, an address or a network",
            "examples": ["example.com:443", "*.example.com", "192.0.2.0/24:8000-8080", "[2001:db8::7]:443", "udp://192.0.2.7:53"]
        })
    }
}
