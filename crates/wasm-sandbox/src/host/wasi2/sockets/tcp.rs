//! TCP: clients only.

use std::net::SocketAddr;

use super::{Socket, errno, foreign, remote_errno};
use crate::{
    host::{
        Host, Step, Stop, Wait,
        handles::{Handle, Input, Output},
        net::{Opened, Progress, SocketOptions},
        wasi2::Fault,
    },
    vfs::Errno,
};

/// A socket, and how far it has come.
pub(in crate::host) struct Tcp {
    is_v6: bool,
    options: SocketOptions,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    New,
    Connecting(u32),
    Connected(u32),
    /// It could not be connected, and will not be.
    Failed,
}

impl Tcp {
    /// The connection that is under way.
    pub(super) fn connecting(&self) -> Option<u32> {
        match self.state {
            State::Connecting(connection) => Some(connection),
            _ => None,
        }
    }
}

impl Host {
    pub(crate) fn create_tcp(&mut self, is_v6: bool) -> Result<u32, Stop> {
        let (options, state) = (SocketOptions::default(), State::New);
        self.handles.insert(Handle::Socket(Socket::Tcp(Tcp { is_v6, options, state })))
    }

    pub(crate) fn tcp_options(&mut self, socket: u32) -> Result<SocketOptions, Stop> {
        Ok(self.tcp(socket)?.options)
    }

    /// Sets options, of the connection too if there is one.
    pub(crate) fn set_tcp_options(&mut self, socket: u32, options: SocketOptions) -> Result<(), Fault> {
        let options = options.rounded();
        if let State::Connecting(connection) | State::Connected(connection) = self.tcp(socket)?.state {
            self.net_set(connection, options).map_err(|error| errno(&error))?;
        }
        self.tcp(socket)?.options = options;
        Ok(())
    }

    /// How many may wait to be accepted: nobody, for nobody calls. A connection is not asked for it any more.
    pub(crate) fn set_tcp_backlog(&mut self, socket: u32, size: u64) -> Result<(), Fault> {
        match self.tcp(socket)?.state {
            _ if size == 0 => Err(Errno::Inval.into()),
            State::Connecting(_) | State::Connected(_) => Err(Errno::Isconn.into()),
            State::New | State::Failed => Ok(()),
        }
    }

    pub(crate) fn tcp_is_v6(&mut self, socket: u32) -> Result<bool, Stop> {
        Ok(self.tcp(socket)?.is_v6)
    }

    /// Begins to connect, if that is granted.
    pub(crate) fn tcp_connect(&mut self, socket: u32, remote: SocketAddr) -> Result<(), Fault> {
        let tcp = self.tcp(socket)?;
        match tcp.state {
            State::New => {}
            State::Connecting(_) => return Err(Errno::Already.into()),
            State::Connected(_) | State::Failed => return Err(Errno::Isconn.into()),
        }
        let (is_v6, options) = (tcp.is_v6, tcp.options);
        self.check_family(is_v6, "connect", remote)?;
        let dialed = self.net_dial_with(&remote.ip().to_string(), remote.port(), options)?;
        self.tcp(socket)?.state = dialed.as_ref().map_or(State::Failed, |connection| State::Connecting(*connection));
        dialed.map(|_| ()).map_err(|error| remote_errno(remote, &error).into())
    }

    /// The streams of a connection that has come about.
    pub(crate) fn tcp_connected(&mut self, socket: u32) -> Result<(u32, u32), Fault> {
        let Some(connection) = self.tcp(socket)?.connecting() else { return Err(Errno::Proto.into()) };
        match self.net_opened(connection) {
            Progress::Wait(_) => Err(Errno::Again.into()),
            Progress::Done(Ok(_)) => {
                let input = self.handles.insert(Handle::Input(Input::Connection(connection)))?;
                let output = self.handles.insert(Handle::Output(Output::Connection(connection)))?;
                self.tcp(socket)?.state = State::Connected(connection);
                Ok((input, output))
            }
            Progress::Done(Err(error)) => {
                // It has ended: nothing is waited for.
                self.net_close(connection);
                self.tcp(socket)?.state = State::Failed;
                Err(errno(&error).into())
            }
        }
    }

    /// From and to where it is connected.
    pub(crate) fn tcp_opened(&mut self, socket: u32) -> Result<Opened, Fault> {
        let State::Connected(connection) = self.tcp(socket)?.state else { return Err(Errno::Notconn.into()) };
        match self.net_opened(connection) {
            Progress::Done(opened) => opened.map_err(|error| errno(&error).into()),
            Progress::Wait(_) => Err(Errno::Notconn.into()),
        }
    }

    /// Ends one direction, or both.
    pub(crate) fn tcp_shut(&mut self, socket: u32, receiving: bool, sending: bool) -> Result<(), Fault> {
        let State::Connected(connection) = self.tcp(socket)?.state else { return Err(Errno::Notconn.into()) };
        if receiving {
            self.net_deafen(connection).map_err(|error| errno(&error))?;
        }
        if sending {
            self.net_shut(connection).map_err(|error| errno(&error))?;
        }
        Ok(())
    }

    /// The guest has dropped a socket: what it has sent goes out first.
    pub(crate) fn drop_tcp(&mut self, socket: u32) -> Result<Step<()>, Stop> {
        if let State::Connecting(connection) | State::Connected(connection) = self.tcp(socket)?.state
            && let Progress::Wait(event) = self.net_close(connection)
        {
            return Ok(Step::Wait(Wait { event: Some(Box::new(event)), ..Wait::default() }));
        }
        self.drop_handle(socket)?;
        Ok(Step::Done(()))
    }

    fn tcp(&mut self, number: u32) -> Result<&mut Tcp, Stop> {
        match self.handles.socket(number)? {
            Socket::Tcp(tcp) => Ok(tcp),
            _ => Err(foreign()),
        }
    }
}
