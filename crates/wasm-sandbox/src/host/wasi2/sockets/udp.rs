//! UDP: to where that is granted, and what comes back from there.

use std::net::SocketAddr;

use super::{Socket, errno, foreign, remote_errno};
use crate::{
    host::{
        Host, Step, Stop, Wait,
        handles::Handle,
        net::{Datagram, Interest, Progress, SocketOptions},
        wasi2::Fault,
    },
    vfs::Errno,
};

/// Datagrams that one call may send.
const PERMITS: u64 = 16;

/// Datagrams that one call gives at most.
const MOST: u64 = 1024;

/// A socket, and how far it has come.
pub(in crate::host) struct Udp {
    is_v6: bool,
    options: SocketOptions,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    New,
    /// It is bound, and the guest has not asked whether it is.
    Binding(u32),
    Bound {
        number: u32,
        remote: Option<SocketAddr>,
    },
}

/// One direction of a socket.
#[derive(Clone, Copy)]
pub(in crate::host) struct Flow {
    number: u32,
    is_v6: bool,
    remote: Option<SocketAddr>,
    permits: u64,
}

/// A datagram that a guest sends.
pub(crate) struct Outgoing {
    pub(crate) bytes: Vec<u8>,
    pub(crate) to: Option<SocketAddr>,
}

impl Flow {
    pub(super) fn socket(&self) -> u32 {
        self.number
    }
}

impl Host {
    pub(crate) fn create_udp(&mut self, is_v6: bool) -> Result<u32, Stop> {
        let (options, state) = (SocketOptions::default(), State::New);
        self.handles.insert(Handle::Socket(Socket::Udp(Udp { is_v6, options, state })))
    }

    pub(crate) fn udp_options(&mut self, socket: u32) -> Result<SocketOptions, Stop> {
        Ok(self.udp(socket)?.options)
    }

    /// Sets options, of what is bound too.
    pub(crate) fn set_udp_options(&mut self, socket: u32, options: SocketOptions) -> Result<(), Fault> {
        let options = options.rounded();
        if let State::Binding(number) | State::Bound { number, .. } = self.udp(socket)?.state {
            self.net_set_datagrams(number, options).map_err(|error| errno(&error))?;
        }
        self.udp(socket)?.options = options;
        Ok(())
    }

    pub(crate) fn udp_is_v6(&mut self, socket: u32) -> Result<bool, Stop> {
        Ok(self.udp(socket)?.is_v6)
    }

    /// Binds a socket as a client's is bound: at an address of the system's choice.
    pub(crate) fn udp_bind(&mut self, socket: u32, local: SocketAddr) -> Result<(), Fault> {
        let Udp { is_v6, options, state: State::New } = *self.udp(socket)? else { return Err(Errno::Isconn.into()) };
        self.check_family(is_v6, "bind", local)?;
        if !local.ip().is_unspecified() || local.port() != 0 {
            self.refuse_listening("bind", &format!("udp://{local}"));
            return Err(Errno::Acces.into());
        }
        let number = self.net_bind(is_v6).map_err(|error| errno(&error))?;
        self.udp(socket)?.state = State::Binding(number);
        self.net_set_datagrams(number, options).map_err(|error| errno(&error))?;
        Ok(())
    }

    pub(crate) fn udp_finish_bind(&mut self, socket: u32) -> Result<(), Fault> {
        let udp = self.udp(socket)?;
        let State::Binding(number) = udp.state else { return Err(Errno::Proto.into()) };
        udp.state = State::Bound { number, remote: None };
        Ok(())
    }

    /// The two directions of a socket, from and to one place only if one is named.
    pub(crate) fn udp_streams(&mut self, socket: u32, remote: Option<SocketAddr>) -> Result<(u32, u32), Fault> {
        let Udp { is_v6, state: State::Bound { number, .. }, .. } = *self.udp(socket)? else {
            return Err(Errno::Notconn.into());
        };
        if let Some(remote) = remote {
            self.check_family(is_v6, "send", remote)?;
            self.net_admit(number, remote)?.map_err(|error| remote_errno(remote, &error))?;
        }
        self.udp(socket)?.state = State::Bound { number, remote };
        let flow = Flow { number, is_v6, remote, permits: 0 };
        let incoming = self.handles.insert(Handle::Socket(Socket::Incoming(flow)))?;
        Ok((incoming, self.handles.insert(Handle::Socket(Socket::Outgoing(flow)))?))
    }

    pub(crate) fn udp_local(&mut self, socket: u32) -> Result<SocketAddr, Fault> {
        let State::Bound { number, .. } = self.udp(socket)?.state else { return Err(Errno::Notconn.into()) };
        Ok(self.net_bound(number).map_err(|error| errno(&error))?)
    }

    pub(crate) fn udp_remote(&mut self, socket: u32) -> Result<SocketAddr, Fault> {
        match self.udp(socket)?.state {
            State::Bound { remote: Some(remote), .. } => Ok(remote),
            _ => Err(Errno::Notconn.into()),
        }
    }

    /// What has come: at most so many datagrams, and none if there is none.
    pub(crate) fn udp_receive(&mut self, incoming: u32, most: u64) -> Result<Vec<Datagram>, Fault> {
        let Socket::Incoming(flow) = *self.handles.socket(incoming)? else { return Err(foreign().into()) };
        let most = usize::try_from(most.min(MOST)).unwrap_or_default();
        Ok(self.net_take(flow.number, flow.remote, most)?.map_err(|error| errno(&error))?)
    }

    /// How many datagrams the next call may send; none if it would wait.
    pub(crate) fn udp_permits(&mut self, outgoing: u32) -> Result<u64, Fault> {
        let number = self.outgoing(outgoing)?.number;
        self.net_bound(number).map_err(|error| errno(&error))?;
        let permits = if self.awaited(number, Interest::Send).is_some() { 0 } else { PERMITS };
        self.outgoing(outgoing)?.permits = permits;
        Ok(permits)
    }

    /// Sends datagrams; how many. What hinders the first is an error.
    pub(crate) fn udp_send(&mut self, outgoing: u32, datagrams: &[Outgoing]) -> Result<u64, Fault> {
        let flow = self.outgoing(outgoing)?;
        let permits = std::mem::take(&mut flow.permits);
        let flow = *flow;
        if datagrams.len() as u64 > permits {
            return Err(Stop::Trap(format!("{} datagrams, where {permits} are the most", datagrams.len())).into());
        }
        let mut sent = 0;
        for datagram in datagrams {
            match self.send_one(&flow, datagram) {
                Ok(true) => sent += 1,
                Ok(false) => break,
                Err(Fault::Errno(_)) if sent > 0 => break,
                Err(fault) => return Err(fault),
            }
        }
        Ok(sent)
    }

    /// Whether it is sent, and would not have to wait.
    fn send_one(&mut self, flow: &Flow, datagram: &Outgoing) -> Result<bool, Fault> {
        let to = self.destination(flow, datagram.to)?;
        match self.net_send_to(flow.number, to, &datagram.bytes)? {
            Progress::Done(sent) => sent.map(|()| true).map_err(|error| remote_errno(to, &error).into()),
            Progress::Wait(_) => Ok(false),
        }
    }

    /// Where a datagram goes that is to go there: where the flow leads, if that is one place.
    fn destination(&mut self, flow: &Flow, to: Option<SocketAddr>) -> Result<SocketAddr, Errno> {
        match (flow.remote, to) {
            (Some(remote), None) => Ok(remote),
            (Some(remote), Some(to)) if remote == to => Ok(remote),
            (None, Some(to)) => self.check_family(flow.is_v6, "send", to).map(|()| to),
            _ => Err(Errno::Inval),
        }
    }

    /// The guest has dropped a socket: the next one may take its place.
    pub(crate) fn drop_udp(&mut self, socket: u32) -> Result<Step<()>, Stop> {
        if let State::Binding(number) | State::Bound { number, .. } = self.udp(socket)?.state
            && let Progress::Wait(event) = self.net_unbind(number)
        {
            return Ok(Step::Wait(Wait { event: Some(Box::new(event)), ..Wait::default() }));
        }
        self.drop_handle(socket)?;
        Ok(Step::Done(()))
    }

    fn udp(&mut self, number: u32) -> Result<&mut Udp, Stop> {
        match self.handles.socket(number)? {
            Socket::Udp(udp) => Ok(udp),
            _ => Err(foreign()),
        }
    }

    fn outgoing(&mut self, number: u32) -> Result<&mut Flow, Stop> {
        match self.handles.socket(number)? {
            Socket::Outgoing(flow) => Ok(flow),
            _ => Err(foreign()),
        }
    }
}
