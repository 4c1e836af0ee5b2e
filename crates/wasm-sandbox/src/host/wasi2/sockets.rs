//! Sockets of WASI 0.2 over the host's network: what is checked, counted and written down is so there, whoever asks.

mod tcp;
mod udp;

use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

use wasm_sandbox_policy::{AddressKind, NetworkHost};

pub(crate) use self::udp::Outgoing;
use self::{
    tcp::Tcp,
    udp::{Flow, Udp},
};
use super::{Fault, poll::Awaited};
use crate::{
    host::{
        Host, Step, Stop, Wait,
        handles::{Handle, Pollable, foreign},
        net::{Interest, NetError, NetErrorKind, NetEvent, Progress},
    },
    vfs::Errno,
};

/// What a guest holds of the network, besides streams.
pub(in crate::host) enum Socket {
    Tcp(Tcp),
    Udp(Udp),
    Incoming(Flow),
    Outgoing(Flow),
    Resolving(Resolving),
}

/// A name that is being resolved.
pub(in crate::host) struct Resolving {
    name: String,
    /// What it was resolved to and the guest has not been told yet, once that is known.
    found: Option<Result<VecDeque<IpAddr>, Errno>>,
}

impl Host {
    /// Begins to resolve a name that is granted; an address is what it is. What can be neither is wrong, and refused as well.
    pub(crate) fn resolve_name(&mut self, name: &str) -> Result<u32, Fault> {
        let name = without_brackets(name);
        let found = match self.net_resolve(name)? {
            Progress::Done(Err(error)) if error.kind == NetErrorKind::Denied => {
                let is_none = name.parse::<NetworkHost>().is_err();
                return Err(if is_none { Errno::Inval } else { errno(&error) }.into());
            }
            progress => told(progress),
        };
        self.count_bytes(name.len() as u64)?;
        let resolving = Resolving { name: name.to_owned(), found };
        Ok(self.handles.insert(Handle::Socket(Socket::Resolving(resolving)))?)
    }

    /// The next address of a name.
    pub(crate) fn next_address(&mut self, resolving: u32) -> Result<Option<IpAddr>, Fault> {
        self.look_again(resolving)?;
        match &mut self.resolving(resolving)?.found {
            None => Err(Errno::Again.into()),
            Some(Ok(found)) => Ok(found.pop_front()),
            Some(Err(errno)) => Err((*errno).into()),
        }
    }

    /// Something that comes when a socket has, whatever it then is about.
    pub(crate) fn socket_pollable(&mut self, socket: u32) -> Result<u32, Stop> {
        self.handles.insert(Handle::Pollable(Pollable::Socket(socket)))
    }

    /// What a socket's pollable waits for. One whose socket is gone has come.
    pub(super) fn socket_awaited(&mut self, socket: u32) -> Result<Option<Awaited>, Stop> {
        let (number, interest) = match self.handles.socket(socket) {
            Err(_) => return Ok(None),
            Ok(Socket::Udp(_)) => return Ok(None),
            Ok(Socket::Incoming(flow)) => (flow.socket(), Interest::Receive),
            Ok(Socket::Outgoing(flow)) => (flow.socket(), Interest::Send),
            Ok(Socket::Tcp(tcp)) => match tcp.connecting() {
                Some(connection) => (connection, Interest::Opened),
                None => return Ok(None),
            },
            Ok(Socket::Resolving(_)) => return Ok(self.look_again(socket)?.map(Awaited::Network)),
        };
        Ok(self.awaited(number, interest))
    }

    /// What a connection waits for; nothing if it is ready, or gone.
    pub(super) fn awaited(&mut self, connection: u32, interest: Interest) -> Option<Awaited> {
        let (receive, send) = self.net_ready(connection);
        let ready = match interest {
            Interest::Receive => receive,
            Interest::Send => send,
            _ => matches!(self.net_opened(connection), Progress::Done(_)),
        };
        if ready { None } else { self.net_event(&[(connection, interest)]).map(Awaited::Network) }
    }

    /// Asks what has become of a name; what to wait for, if nothing has.
    fn look_again(&mut self, resolving: u32) -> Result<Option<NetEvent>, Stop> {
        let known = self.resolving(resolving)?;
        if known.found.is_some() {
            return Ok(None);
        }
        let name = known.name.clone();
        let progress = match self.net_resolve(&name)? {
            Progress::Wait(event) => return Ok(Some(event)),
            progress => told(progress),
        };
        self.resolving(resolving)?.found = progress;
        Ok(None)
    }

    /// Whether a socket of one family has a way to an address. One of IPv4 in the form of IPv6 is denied whatever it is: a rule
    /// for what it is inside would let it through.
    fn check_family(&mut self, is_v6: bool, operation: &str, remote: SocketAddr) -> Result<(), Errno> {
        if remote.ip() != remote.ip().to_canonical() {
            self.record.deny(operation, &remote.to_string(), "network", "it is an address of IPv4 in the form of IPv6");
            return Err(Errno::Inval);
        }
        if is_v6 == remote.is_ipv6() { Ok(()) } else { Err(Errno::Inval) }
    }

    fn resolving(&mut self, number: u32) -> Result<&mut Resolving, Stop> {
        match self.handles.socket(number)? {
            Socket::Resolving(resolving) => Ok(resolving),
            _ => Err(foreign()),
        }
    }
}

impl Host {
    /// Receives into `room`; nothing at the end.
    pub(super) fn receive(&mut self, connection: u32, room: &mut [u8]) -> Result<Step<usize>, Fault> {
        streamed(self.net_receive(connection, room)?)
    }

    /// Sends some of the bytes; how many.
    pub(super) fn send(&mut self, connection: u32, bytes: &[u8]) -> Result<Step<usize>, Fault> {
        streamed(self.net_send(connection, bytes)?)
    }

    /// How many bytes a connection takes at once.
    pub(super) fn room_to_send(&mut self, connection: u32) -> Result<usize, Fault> {
        self.net_room(connection).map(|room| room.min(super::PIECE)).map_err(|error| ended(&error))
    }
}

/// An address of IPv6 may be said in brackets, as in preview 2's reference.
fn without_brackets(name: &str) -> &str {
    let inside = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    inside.filter(|inside| inside.parse::<Ipv6Addr>().is_ok()).unwrap_or(name)
}

fn told(progress: Progress<Vec<IpAddr>>) -> Option<Result<VecDeque<IpAddr>, Errno>> {
    match progress {
        Progress::Done(found) => Some(found.map(VecDeque::from).map_err(|error| errno(&error))),
        Progress::Wait(_) => None,
    }
}

fn streamed<T>(progress: Progress<T>) -> Result<Step<T>, Fault> {
    match progress {
        Progress::Done(outcome) => outcome.map(Step::Done).map_err(|error| ended(&error)),
        Progress::Wait(event) => Ok(Step::Wait(Wait { event: Some(Box::new(event)), ..Wait::default() })),
    }
}

/// Why a stream goes on no more.
fn ended(error: &NetError) -> Fault {
    match error.kind {
        NetErrorKind::NotOpen | NetErrorKind::Shut => Fault::Closed,
        _ => errno(error).into(),
    }
}

/// Why there is no way to an address. One that is no host's, or has no port, is wrong whatever is granted.
fn remote_errno(remote: SocketAddr, error: &NetError) -> Errno {
    let is_one_hosts = remote.port() > 0 && AddressKind::of(remote.ip()).is_one_hosts();
    if is_one_hosts { errno(error) } else { Errno::Inval }
}

fn errno(error: &NetError) -> Errno {
    match error.kind {
        NetErrorKind::Denied => Errno::Acces,
        NetErrorKind::Unresolved => Errno::Noent,
        NetErrorKind::Refused => Errno::Connrefused,
        NetErrorKind::Reset => Errno::Connreset,
        NetErrorKind::Unreachable => Errno::Hostunreach,
        NetErrorKind::TimedOut => Errno::Timedout,
        NetErrorKind::TooMany => Errno::Mfile,
        NetErrorKind::NotOpen => Errno::Notconn,
        NetErrorKind::Shut => Errno::Pipe,
        NetErrorKind::TooLong => Errno::Msgsize,
        NetErrorKind::Tls
        | NetErrorKind::Request(_)
        | NetErrorKind::Head
        | NetErrorKind::Response
        | NetErrorKind::Other => Errno::Io,
    }
}
