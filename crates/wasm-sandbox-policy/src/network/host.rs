//! Hosts: names, patterns of names, addresses and networks of them.

use std::{borrow::Cow, fmt, net::IpAddr, str::FromStr};

use idna::AsciiDenyList;

use super::AddressKind;

/// The most characters of a name.
const MAX_NAME: usize = 253;

/// The most characters of one part of a name.
const MAX_LABEL: usize = 63;

/// A host's name in lower case, without the dot that may end it: letters, digits, `-` and `_` in parts with dots between. Other
/// letters are taken in the form that names have for resolvers: `bücher.example` is `xn--bcher-kva.example`. No name is anything
/// that a resolver might take for an address, such as `127.1` or `0x7f000001`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(String);

impl HostName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the name that every machine has for itself. It is never asked for.
    pub fn is_localhost(&self) -> bool {
        self.0 == "localhost" || self.0.ends_with(".localhost")
    }

    /// Whether this is a name below `domain`.
    fn is_below(&self, domain: &Self) -> bool {
        self.0.strip_suffix(&domain.0).is_some_and(|rest| rest.ends_with('.'))
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for HostName {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let name = in_ascii(text)?;
        let name = name.strip_suffix('.').unwrap_or(&name).to_ascii_lowercase();
        let is_label = |label: &str| {
            let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            (1..=MAX_LABEL).contains(&label.len())
                && label.chars().all(known)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if name.len() > MAX_NAME || !name.split('.').all(is_label) {
            return Err(HostError(
                "must be a name such as `example.com`, or an address such as `192.0.2.7` or `[2001:db8::7]`",
            ));
        }
        if name.rsplit('.').next().is_some_and(is_number) {
            return Err(HostError("ends like an address and is none in its usual form, such as `192.0.2.7`"));
        }
        Ok(Self(name))
    }
}

/// A name as resolvers have it (UTS 46, as in URLs). What this makes of it is judged as any other name.
fn in_ascii(name: &str) -> Result<Cow<'_, str>, HostError> {
    if name.is_ascii() {
        return Ok(Cow::Borrowed(name));
    }
    // No character has more bytes, and none of a name that can be used goes without a trace.
    let short = name.len() <= 4 * (MAX_NAME + 1);
    let known = short.then(|| idna::domain_to_ascii_cow(name.as_bytes(), AsciiDenyList::URL).ok()).flatten();
    known.ok_or(HostError("must be a name that has an ASCII form, as `bücher.example` has `xn--bcher-kva.example`"))
}

/// Whether a resolver might read this as a part of an address: in decimals, octals or hexadecimals.
fn is_number(label: &str) -> bool {
    let hexadecimal = label.strip_prefix("0x").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_hexdigit()));
    hexadecimal || label.chars().all(|c| c.is_ascii_digit())
}

/// What is wrong with a host: `must be ...`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it {0}")]
pub struct HostError(pub(super) &'static str);

/// A host as a guest names it. Addresses have one form each: four decimal numbers without zeros before them, or IPv6.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum NetworkHost {
    /// To be resolved.
    Name(HostName),
    /// To be connected to.
    Address(IpAddr),
}

impl FromStr for NetworkHost {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        match text.parse::<IpAddr>() {
            Ok(address) => Ok(Self::Address(address.to_canonical())),
            Err(_) => text.parse().map(Self::Name),
        }
    }
}

impl fmt::Display for NetworkHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// The addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IpNetwork {
    address: IpAddr,
    prefix: u32,
}

impl IpNetwork {
    /// The network of one address.
    pub fn single(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { address, prefix: width(address) }
    }

    /// Whether an address is in it. Addresses of IPv4 are in none of IPv6's.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        width(address) == width(self.address) && masked(address, self.prefix) == bits(self.address)
    }

    /// How many bits all of its addresses begin with.
    pub fn prefix(&self) -> u32 {
        self.prefix
    }

    /// Its address, if it is the network of one.
    pub fn address(&self) -> Option<IpAddr> {
        (self.prefix == width(self.address)).then_some(self.address)
    }

    /// What its addresses are, where none of them is a host's.
    pub(super) fn is_nobodys(&self) -> Option<AddressKind> {
        let kind = AddressKind::of(self.address);
        let all = match kind {
            // Their networks are `224.0.0.0/4` and `ff00::/8`; broadcasts are single.
            AddressKind::Multicast => self.prefix >= if self.address.is_ipv4() { 4 } else { 8 },
            _ => self.address().is_some(),
        };
        (all && !kind.is_one_hosts()).then_some(kind)
    }

    fn covers(&self, other: &Self) -> bool {
        self.prefix <= other.prefix && self.contains(other.address)
    }
}

impl FromStr for IpNetwork {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let (address, prefix) = text.split_once('/').ok_or(HostError("must be a network such as `10.0.0.0/8`"))?;
        let address: IpAddr = address.parse().map_err(|_| HostError("must be a network such as `10.0.0.0/8`"))?;
        if address != address.to_canonical() {
            return Err(HostError("must be written as IPv4, such as `10.0.0.0/8`"));
        }
        let digits = !prefix.is_empty() && prefix.chars().all(|c| c.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|prefix| digits && *prefix <= width(address));
        let prefix = prefix.ok_or(HostError("must have a length from 0 to 32, or to 128 for IPv6, after the `/`"))?;
        if masked(address, prefix) != bits(address) {
            return Err(HostError("must begin with the network's first address, such as `10.0.0.0/8`"));
        }
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for IpNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address() {
            Some(address) => address.fmt(f),
            None => write!(f, "{}/{}", self.address, self.prefix),
        }
    }
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address's bits, of IPv4 in the low half.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => u128::from(address),
    }
}

fn masked(address: IpAddr, prefix: u32) -> u128 {
    let rest = width(address).saturating_sub(prefix);
    bits(address).checked_shr(rest).and_then(|bits| bits.checked_shl(rest)).unwrap_or_default()
}

/// The hosts that a rule is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum HostPattern {
    /// One name.
    Name(HostName),
    /// Every name below this one, and not the name itself: `*.example.com`.
    Subdomains(HostName),
    /// One address or a network of them.
    Network(IpNetwork),
}

impl HostPattern {
    /// Whether a name is one of these hosts.
    pub fn has_name(&self, name: &HostName) -> bool {
        match self {
            Self::Name(known) => known == name,
            Self::Subdomains(domain) => name.is_below(domain),
            Self::Network(_) => false,
        }
    }

    /// Whether an address is one of these hosts, by itself. One that is no host's is not, also where it is written down.
    pub fn has_address(&self, address: IpAddr) -> bool {
        matches!(self, Self::Network(network) if network.contains(address)) && AddressKind::of(address).is_one_hosts()
    }

    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Name(name)) => self.has_name(name),
            (Self::Subdomains(ours), Self::Subdomains(theirs)) => ours == theirs || theirs.is_below(ours),
            (Self::Network(ours), Self::Network(theirs)) => ours.covers(theirs),
            _ => false,
        }
    }
}

impl FromStr for HostPattern {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        if text.contains('/') {
            return text.parse().map(Self::Network);
        }
        if let Some(domain) = text.strip_prefix("*.") {
            return match domain.parse::<IpAddr>() {
                Ok(_) => Err(HostError("must be a network such as `10.0.0.0/8`")),
                Err(_) if domain.contains('*') => Err(ONE_WILDCARD),
                Err(_) => domain.parse().map(Self::Subdomains),
            };
        }
        if text.contains('*') {
            return Err(ONE_WILDCARD);
        }
        Ok(match text.parse()? {
            NetworkHost::Name(name) => Self::Name(name),
            NetworkHost::Address(address) => Self::Network(IpNetwork::single(address)),
        })
    }
}

const ONE_WILDCARD: HostError =
    HostError("can have a `*` only as its first part, with a name after it: `*.example.com`");

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Subdomains(domain) => write!(f, "*.{domain}"),
            Self::Network(network) => network.fmt(f),
        }
    }
}
