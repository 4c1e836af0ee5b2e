//! What guests can ask of the network.

use std::{net::IpAddr, sync::Arc};

use wasm_sandbox_policy::{LimitHit, NetworkHost, NetworkRefusal, ResourceKind};

use super::{
    Interest, NetError, NetErrorKind, NetEvent, NetResult, Opened, Progress, Secured, SocketOptions,
    connection::Sending, note, place,
};
use crate::host::{Host, Stop};

impl Host {
    /// What a guest takes for a host and a port, and is none.
    pub(crate) fn refuse_authority(&self, authority: &str) {
        self.net.denials().note("connect", authority.to_owned(), &NetworkRefusal::NoHost.to_string());
    }

    /// The addresses of a name that is granted, as far as they may be connected to on some port.
    pub(crate) fn net_resolve(&mut self, host: &str) -> NetResult<Vec<IpAddr>> {
        let name = match self.net.check("resolve", host, None) {
            Ok(NetworkHost::Name(name)) => name,
            Ok(NetworkHost::Address(address)) => return Ok(Progress::Done(Ok(vec![address]))),
            Ok(_) => return Ok(Progress::Done(Err(NetError::new(NetErrorKind::Unresolved, "it is no host")))),
            Err(error) => return Ok(Progress::Done(Err(error))),
        };
        Ok(match &mut self.net.open {
            Some(open) => open.resolve(name),
            None => Progress::Done(Err(NetError::closed())),
        })
    }

    /// Begins a connection; its number. Whether it opens is to be [asked](Self::net_opened).
    pub(crate) fn net_dial(&mut self, host: &str, port: u16) -> Result<Result<u32, NetError>, Stop> {
        self.dial(host, port, None)
    }

    /// As [`net_dial`](Self::net_dial), for a guest that sets its socket's options.
    pub(crate) fn net_dial_with(
        &mut self,
        host: &str,
        port: u16,
        options: SocketOptions,
    ) -> Result<Result<u32, NetError>, Stop> {
        self.dial(host, port, Some(options))
    }

    fn dial(&mut self, host: &str, port: u16, options: Option<SocketOptions>) -> Result<Result<u32, NetError>, Stop> {
        let checked = match self.net.check("connect", host, Some(port)) {
            Ok(checked) => checked,
            Err(error) => return Ok(Err(error)),
        };
        let net = &mut self.net;
        let Some(open) = &mut net.open else { return Ok(Err(NetError::closed())) };
        let handle = match open.dial(checked, port, options, &mut net.hits)? {
            Ok(handle) => handle,
            Err(error) => return Ok(Err(error)),
        };
        if let Some(connection) = open.connections.get_mut(&handle) {
            let record = connection.begin_record(net.began);
            connection.record = note(&mut net.records, &mut net.records_dropped, record);
        }
        Ok(Ok(handle))
    }

    /// Whether a connection is open: from and to which address.
    pub(crate) fn net_opened(&mut self, handle: u32) -> Progress<Opened> {
        match self.net.connection(handle) {
            Ok(connection) => connection.opened(),
            Err(error) => Progress::Done(Err(error)),
        }
    }

    /// Sets options of a connection that was [begun with](Self::net_dial_with) some.
    pub(crate) fn net_set(&mut self, handle: u32, options: SocketOptions) -> Result<(), NetError> {
        let set = self.net.connection(handle)?.link.set(options);
        set.map_err(|error| NetError::of(&error))
    }

    /// Encrypts a connection, and checks that the other side is `server`: the name or address that was connected to, or another
    /// that is granted. `protocols` are offered in their order.
    pub(crate) fn net_secure(&mut self, handle: u32, server: &str, protocols: &[&str]) -> Progress<Secured> {
        let connection = match self.net.connection(handle) {
            Ok(connection) => connection,
            Err(error) => return Progress::Done(Err(error)),
        };
        if let Some(progress) = connection.secured() {
            return progress;
        }
        let (port, peer) = (connection.port, connection.peer());
        let granted = self.net.check_server(server, port, peer);
        match (granted, self.net.connection(handle)) {
            (Ok(host), Ok(connection)) => connection.secure(host, protocols),
            (Err(error), _) | (_, Err(error)) => Progress::Done(Err(error)),
        }
    }

    /// Sends some of the bytes, and no more than may be sent; how many.
    pub(crate) fn net_send(&mut self, handle: u32, bytes: &[u8]) -> NetResult<usize> {
        let net = &mut self.net;
        let denials = Arc::clone(net.denials());
        let Some(open) = &mut net.open else { return Ok(Progress::Done(Err(NetError::closed()))) };
        let Some(connection) = open.connections.get_mut(&handle) else {
            return Ok(Progress::Done(Err(NetError::closed())));
        };
        let limit = open.shared.grants.bytes_sent.as_u64();
        let left = limit.saturating_sub(open.sent);
        if left == 0 && !bytes.is_empty() {
            let used = open.sent.saturating_add(bytes.len() as u64);
            return Err(Stop::Limit(LimitHit { kind: ResourceKind::BytesSent, used, limit }));
        }
        let bytes = usize::try_from(left).ok().and_then(|left| bytes.get(..left)).unwrap_or(bytes);
        match connection.send(bytes, &open.shared) {
            Sending::Taken(taken) => {
                open.sent = open.sent.saturating_add(taken as u64);
                self.count_bytes(taken as u64)?;
                Ok(Progress::Done(Ok(taken)))
            }
            Sending::Full(event) => Ok(Progress::Wait(event)),
            Sending::Failed(error) => Ok(Progress::Done(Err(error))),
            Sending::Refused(reason) => {
                let target = place(&connection.host.to_string(), connection.port);
                connection.close();
                denials.note("send", target.clone(), reason);
                let message = format!("the request to `{target}` was not sent: {reason}");
                Ok(Progress::Done(Err(NetError::new(NetErrorKind::Denied, message))))
            }
        }
    }

    /// Takes what was received into `room`; how many bytes. None at the end.
    pub(crate) fn net_receive(&mut self, handle: u32, room: &mut [u8]) -> NetResult<usize> {
        let Some(open) = &mut self.net.open else { return Ok(Progress::Done(Err(NetError::closed()))) };
        let Some(connection) = open.connections.get_mut(&handle) else {
            return Ok(Progress::Done(Err(NetError::closed())));
        };
        let progress = connection.receive(room);
        if let Progress::Done(Ok(taken)) = progress {
            open.received = open.received.saturating_add(taken as u64);
            let (used, limit) = (open.received, open.shared.grants.bytes_received.as_u64());
            if used > limit {
                return Err(Stop::Limit(LimitHit { kind: ResourceKind::BytesReceived, used, limit }));
            }
            self.count_bytes(taken as u64)?;
        }
        Ok(progress)
    }

    /// How many bytes a connection takes without a wait.
    pub(crate) fn net_room(&mut self, handle: u32) -> Result<usize, NetError> {
        self.net.connection(handle)?.room()
    }

    /// Which of a connection's directions would not have to be waited for.
    pub(crate) fn net_ready(&mut self, handle: u32) -> (bool, bool) {
        let waited = self.net.open.as_ref().and_then(|open| open.waited(handle));
        let ready = |interest| waited.as_ref().is_none_or(|waited| waited.is_ready(interest));
        (ready(Interest::Receive), ready(Interest::Send))
    }

    /// What changes when one of these connections is ready for what is asked of it.
    pub(crate) fn net_event(&mut self, interests: &[(u32, Interest)]) -> Option<NetEvent> {
        let open = self.net.open.as_ref()?;
        let waited = interests.iter().filter_map(|(handle, interest)| Some((open.waited(*handle)?, *interest)));
        Some(NetEvent::first(waited.collect(), &open.shared.changed))
    }

    /// Tells the other side that nothing more is sent.
    pub(crate) fn net_shut(&mut self, handle: u32) -> Result<(), NetError> {
        self.net.connection(handle).map(|connection| connection.shut())
    }

    /// Takes in nothing more of what the other side says.
    pub(crate) fn net_deafen(&mut self, handle: u32) -> Result<(), NetError> {
        self.net.connection(handle).map(|connection| connection.deafen())
    }

    /// Closes a connection once what was sent has gone out, which may have to be waited for a moment.
    pub(crate) fn net_close(&mut self, handle: u32) -> Progress<()> {
        let Ok(connection) = self.net.connection(handle) else { return Progress::Done(Ok(())) };
        connection.close();
        if let Some(event) = connection.lasting() {
            return Progress::Wait(event);
        }
        if let Some(mut connection) = self.net.open.as_mut().and_then(|open| open.connections.remove(&handle)) {
            connection.write_record(&mut self.net.records);
        }
        Progress::Done(Ok(()))
    }
}
