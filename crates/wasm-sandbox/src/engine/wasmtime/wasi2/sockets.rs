//! `wasi:sockets`.

mod lookup;
mod tcp;
mod udp;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use wasmtime::component::Resource;

use super::{
    Refused,
    bindings::wasi::{
        io::error::Error,
        sockets::{
            instance_network,
            network::{self, ErrorCode, IpAddress, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress, Network},
        },
    },
};
use crate::{
    engine::wasmtime::{store::StoreData, trap::Stopped},
    host::{net::SocketOptions, wasi2::StreamFailure},
    vfs::Errno,
};

/// What a function of a socket gives.
type Socketed<T> = Result<T, Refused>;

/// The number of the one network there is.
const NETWORK: u32 = 0;

impl network::Host for StoreData {
    fn convert_error_code(&mut self, refused: Refused) -> wasmtime::Result<ErrorCode> {
        match refused {
            Refused::Errno(errno) => Ok(code(errno)),
            refused => Err(refused.into()),
        }
    }

    fn network_error_code(&mut self, error: Resource<Error>) -> wasmtime::Result<Option<ErrorCode>> {
        Ok(match self.call()?.stream_failure(error.rep()).map_err(Stopped)? {
            StreamFailure::Errno(errno) => Some(code(errno)).filter(|code| *code != ErrorCode::Unknown),
            StreamFailure::Length(_) => None,
        })
    }
}

fn code(errno: Errno) -> ErrorCode {
    match errno {
        Errno::Acces => ErrorCode::AccessDenied,
        Errno::Notsup => ErrorCode::NotSupported,
        Errno::Inval => ErrorCode::InvalidArgument,
        Errno::Timedout => ErrorCode::Timeout,
        Errno::Already => ErrorCode::ConcurrencyConflict,
        // A call that is not the next one of its order.
        Errno::Proto => ErrorCode::NotInProgress,
        Errno::Again => ErrorCode::WouldBlock,
        Errno::Isconn | Errno::Notconn => ErrorCode::InvalidState,
        Errno::Mfile => ErrorCode::NewSocketLimit,
        Errno::Hostunreach => ErrorCode::RemoteUnreachable,
        Errno::Connrefused => ErrorCode::ConnectionRefused,
        Errno::Connreset => ErrorCode::ConnectionReset,
        Errno::Msgsize => ErrorCode::DatagramTooLarge,
        Errno::Noent => ErrorCode::NameUnresolvable,
        _ => ErrorCode::Unknown,
    }
}

impl network::HostNetwork for StoreData {
    fn drop(&mut self, _: Resource<Network>) -> wasmtime::Result<()> {
        self.call()?;
        Ok(())
    }
}

impl instance_network::Host for StoreData {
    fn instance_network(&mut self) -> wasmtime::Result<Resource<Network>> {
        self.call()?;
        Ok(Resource::new_own(NETWORK))
    }
}

impl StoreData {
    /// An option of a socket: what the guest has set, or what is usual.
    fn option<T>(&mut self, socket: Kind, option: impl Fn(SocketOptions) -> Option<T>) -> Socketed<T> {
        let host = self.call()?;
        let options = match socket {
            Kind::Tcp(socket) => host.tcp_options(socket)?,
            Kind::Udp(socket) => host.udp_options(socket)?,
        };
        Ok(option(options).or_else(|| option(SocketOptions::USUAL)).ok_or(Errno::Notsup)?)
    }

    /// Sets an option of a socket to the nearest that can be had of any value but nothing.
    fn set_option(&mut self, socket: Kind, is_some: bool, set: impl FnOnce(&mut SocketOptions)) -> Socketed<()> {
        let host = self.call()?;
        if !is_some {
            return Err(Errno::Inval.into());
        }
        match socket {
            Kind::Tcp(socket) => {
                let mut options = host.tcp_options(socket)?;
                set(&mut options);
                Ok(host.set_tcp_options(socket, options)?)
            }
            Kind::Udp(socket) => {
                let mut options = host.udp_options(socket)?;
                set(&mut options);
                Ok(host.set_udp_options(socket, options)?)
            }
        }
    }
}

/// A socket by its kind.
#[derive(Clone, Copy)]
enum Kind {
    Tcp(u32),
    Udp(u32),
}

fn ip(address: IpAddr) -> IpAddress {
    match address {
        IpAddr::V4(address) => IpAddress::Ipv4(address.octets().into()),
        IpAddr::V6(address) => IpAddress::Ipv6(address.segments().into()),
    }
}

fn address(address: SocketAddr) -> IpSocketAddress {
    match address {
        SocketAddr::V4(address) => {
            IpSocketAddress::Ipv4(Ipv4SocketAddress { port: address.port(), address: address.ip().octets().into() })
        }
        SocketAddr::V6(address) => IpSocketAddress::Ipv6(Ipv6SocketAddress {
            port: address.port(),
            flow_info: address.flowinfo(),
            address: address.ip().segments().into(),
            scope_id: address.scope_id(),
        }),
    }
}

fn socket_address(address: IpSocketAddress) -> SocketAddr {
    match address {
        IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (a, b, c, d) }) => {
            SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), port).into()
        }
        IpSocketAddress::Ipv6(Ipv6SocketAddress { port, flow_info, address: (a, b, c, d, e, f, g, h), scope_id }) => {
            SocketAddrV6::new(Ipv6Addr::new(a, b, c, d, e, f, g, h), port, flow_info, scope_id).into()
        }
    }
}

/// An address without what the host has no say in: the link that it is on.
fn remote_address(address: IpSocketAddress) -> Socketed<SocketAddr> {
    match socket_address(address) {
        SocketAddr::V6(address) if address.scope_id() != 0 => Err(Errno::Notsup.into()),
        // What answers has none.
        SocketAddr::V6(address) => Ok(SocketAddr::from((*address.ip(), address.port()))),
        address => Ok(address),
    }
}
