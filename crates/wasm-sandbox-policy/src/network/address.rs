//! What kind of an address one is. Only a public one can be reached by a granted name.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// What is behind an address, by its number alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressKind {
    /// A host of the internet.
    Public,
    /// No address: `0.0.0.0`, `::`, which systems take for themselves.
    Unspecified,
    /// This machine itself.
    Loopback,
    /// A private network, unique local and site-local addresses included.
    Private,
    /// The link that this machine is on; clouds answer there with a machine's credentials.
    LinkLocal,
    /// Where a cloud answers with a machine's settings, outside of the link's own addresses.
    Metadata,
    /// A provider's network behind a shared address.
    Shared,
    /// Many hosts at once, broadcast included.
    Multicast,
    /// An address inside of which another is: of IPv4 in IPv6, or of a tunnel.
    Embedded,
    /// Set aside: for benchmarks, documentation, protocols or later use.
    Reserved,
}

impl AddressKind {
    /// The kind of an address. One of IPv4 that is mapped into IPv6 is what it is in IPv4.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }

    /// Whether one host can have such an address. No rule grants what none has.
    pub fn is_one_hosts(self) -> bool {
        !matches!(self, Self::Unspecified | Self::Multicast)
    }
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::LinkLocal => "link-local",
            Self::Metadata => "metadata",
            Self::Shared => "shared",
            Self::Multicast => "multicast",
            Self::Embedded => "embedding",
            Self::Reserved => "reserved",
        })
    }
}

fn of_v4(address: Ipv4Addr) -> AddressKind {
    match address.octets() {
        [0, 0, 0, 0] => AddressKind::Unspecified,
        [127, ..] => AddressKind::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => AddressKind::Private,
        [169, 254, ..] => AddressKind::LinkLocal,
        [168, 63, 129, 16] => AddressKind::Metadata,
        [100, 64..=127, ..] => AddressKind::Shared,
        [224..=239, ..] | [255, 255, 255, 255] => AddressKind::Multicast,
        // This network; protocols; documentation; relays of 6to4; benchmarks; what is left at the end.
        [0, ..]
        | [192, 0, 0 | 2, _]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [192, 88, 99, _]
        | [198, 18..=19, ..]
        | [240..=255, ..] => AddressKind::Reserved,
        _ => AddressKind::Public,
    }
}

fn of_v6(address: Ipv6Addr) -> AddressKind {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => AddressKind::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressKind::Loopback,
        // Compatible, translated and mapped addresses; NAT64; Teredo; 6to4; ISATAP.
        [0, 0, 0, 0, ..]
        | [0x64, 0xff9b, ..]
        | [0x2001, 0, ..]
        | [0x2002, ..]
        | [_, _, _, _, 0 | 0x200, 0x5efe, ..] => AddressKind::Embedded,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => AddressKind::Private,
        [0xfe80..=0xfebf, ..] => AddressKind::LinkLocal,
        [0xff00..=0xffff, ..] => AddressKind::Multicast,
        // Protocols and benchmarks; documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => AddressKind::Reserved,
        [0x2000..=0x3fff, ..] => AddressKind::Public,
        _ => AddressKind::Reserved,
    }
}
