//! Whether a guest may reach a host: by its name before it is resolved, and by its address before it is connected to.

use std::{fmt, net::IpAddr};

use super::{AddressKind, HeaderSecret, HostName, NetworkGrants, NetworkHost, NetworkProtocol, rule::Single};

/// Why a host may not be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetworkRefusal {
    /// Nothing is granted at all.
    Closed,
    /// No rule is for this host.
    Host,
    /// A rule is for this host, and not for this port.
    Port,
    /// The address is no public one, and no rule is for it as an address; none can be if it is no host's.
    Address(AddressKind),
    /// The address is one of this machine's own, and no rule is for it as an address.
    Own,
    /// No rule is for datagrams.
    Datagrams,
    /// It is neither a name nor an address.
    NoHost,
}

impl fmt::Display for NetworkRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the network is not granted"),
            Self::Host => f.write_str("no rule is for this host"),
            Self::Port => f.write_str("no rule is for this port of it"),
            Self::Address(kind) if !kind.is_one_hosts() => write!(f, "the address is {kind}, and so no host's"),
            Self::Address(kind) => write!(f, "the address is {kind}, which only a rule for the address itself grants"),
            Self::Own => {
                f.write_str("the address is this machine's own, which only a rule for the address itself grants")
            }
            Self::Datagrams => f.write_str("no rule is for datagrams, which are written `udp://HOST:PORT`"),
            Self::NoHost => f.write_str("it is neither a name nor an address in its usual form"),
        }
    }
}

impl NetworkGrants {
    /// Whether a name may be resolved, or connected to on a port.
    ///
    /// # Errors
    /// Why not.
    pub fn check_name(&self, name: &HostName, port: Option<u16>) -> Result<(), NetworkRefusal> {
        self.check_name_by(NetworkProtocol::Tcp, name, port)
    }

    fn check_name_by(
        &self,
        protocol: NetworkProtocol,
        name: &HostName,
        port: Option<u16>,
    ) -> Result<(), NetworkRefusal> {
        // Every machine's name for itself is resolved without asking anybody; its address then needs a rule.
        let mut rules = self.rules.iter().filter(|rule| rule.host().has_name(name)).peekable();
        match port {
            _ if name.is_localhost() => Ok(()),
            _ if rules.peek().is_none() => Err(NetworkRefusal::Host),
            Some(port) if !rules.any(|rule| rule.protocol() == protocol && rule.has_port(port)) => {
                Err(NetworkRefusal::Port)
            }
            _ => Ok(()),
        }
    }

    /// Whether datagrams may be sent to an address and port, as with [`check_address`](Self::check_address).
    ///
    /// # Errors
    /// Why not.
    pub fn check_datagram<'a>(
        &self,
        address: IpAddr,
        port: u16,
        names: impl IntoIterator<Item = &'a HostName>,
    ) -> Result<(), NetworkRefusal> {
        self.check_address_by(NetworkProtocol::Udp, address, port, names)
    }

    /// Whether an address may be connected to on a port. `names` are those that the host has resolved to it. A name opens public
    /// addresses only; any other needs a rule that is for the address.
    ///
    /// # Errors
    /// Why not.
    pub fn check_address<'a>(
        &self,
        address: IpAddr,
        port: u16,
        names: impl IntoIterator<Item = &'a HostName>,
    ) -> Result<(), NetworkRefusal> {
        self.check_address_by(NetworkProtocol::Tcp, address, port, names)
    }

    fn check_address_by<'a>(
        &self,
        protocol: NetworkProtocol,
        address: IpAddr,
        port: u16,
        names: impl IntoIterator<Item = &'a HostName>,
    ) -> Result<(), NetworkRefusal> {
        let address = address.to_canonical();
        let mut known = self.rules.iter().filter(|rule| rule.host().has_address(address)).peekable();
        let by_address = known.peek().is_some();
        if known.any(|rule| rule.protocol() == protocol && rule.has_port(port)) {
            return Ok(());
        }
        let mut reason = if by_address { NetworkRefusal::Port } else { NetworkRefusal::Host };
        match AddressKind::of(address) {
            AddressKind::Public => {}
            _ if by_address => return Err(reason),
            kind => return Err(NetworkRefusal::Address(kind)),
        }
        for name in names {
            match self.check_name_by(protocol, name, Some(port)) {
                Ok(()) => return Ok(()),
                Err(NetworkRefusal::Port) => reason = NetworkRefusal::Port,
                Err(_) => {}
            }
        }
        Err(reason)
    }

    /// Whether there is anybody who may be sent datagrams.
    ///
    /// # Errors
    /// There is nobody.
    pub fn check_datagrams(&self) -> Result<(), NetworkRefusal> {
        let granted = self.rules.iter().any(|rule| rule.protocol() == NetworkProtocol::Udp);
        if granted { Ok(()) } else { Err(NetworkRefusal::Datagrams) }
    }

    /// The secrets for one host and port.
    pub fn secrets_for(&self, host: &NetworkHost, port: u16) -> impl Iterator<Item = &HeaderSecret> {
        let is_host = move |secret: &&HeaderSecret| match (secret.host.single_host(), host) {
            (Some(Single::Name(name)), NetworkHost::Name(other)) => name == other,
            (Some(Single::Address(address)), NetworkHost::Address(other)) => address == *other,
            _ => false,
        };
        self.secrets.iter().filter(is_host).filter(move |secret| secret.host.has_port(port))
    }
}
