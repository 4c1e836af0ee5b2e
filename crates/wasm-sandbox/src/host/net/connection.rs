//! A connection as the guest has it: bounded buffers that a task of its own fills and empties.

use std::{
    collections::VecDeque,
    fmt, io,
    net::{IpAddr, SocketAddr},
    os::fd::{AsFd, OwnedFd},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    net::TcpStream,
    sync::{Notify, futures::Notified},
};
use tokio_rustls::client::TlsStream;
use wasm_sandbox_policy::{ConnectionRecord, NetworkHost, NetworkProtocol, NetworkRefusal};

use super::{
    BUFFER, Progress, Shared, SocketOptions,
    error::{NetError, NetErrorKind},
    head::{Filtered, HeadFilter, Secret},
    micros, record,
    resolve::Lookup,
};
use crate::host::control::Event;

/// Protocols that one handshake may offer.
pub(crate) const MAX_PROTOCOLS: usize = 16;

/// How long a connection that the guest has closed may take to send what it was given.
pub(crate) const LINGER: Duration = Duration::from_secs(2);

/// A connection of the guest's.
pub(super) struct Connection {
    pub(super) link: Arc<Link>,
    pub(super) host: NetworkHost,
    pub(super) port: u16,
    /// Where its record is, if it has one.
    pub(super) record: Option<usize>,
    began: Instant,
    sent: u64,
    received: u64,
    /// Whom the other side has shown to be.
    server: Option<NetworkHost>,
    /// What looks at the first request, if secrets are to go into it.
    filter: Option<HeadFilter>,
    begun_to_send: bool,
}

/// What is known of an open connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opened {
    pub(crate) local: SocketAddr,
    pub(crate) peer: SocketAddr,
}

/// What is known of an encrypted connection.
#[derive(Clone, Debug)]
pub(crate) struct Secured {
    /// Such as `TLSv1.3`.
    pub(crate) version: &'static str,
    pub(crate) cipher: String,
    /// What was agreed on of the protocols that were offered.
    pub(crate) protocol: Option<String>,
    /// The other side's certificate.
    pub(crate) certificate: Vec<u8>,
}

/// The encryption that a guest asks for.
pub(super) struct Asked {
    pub(super) server: NetworkHost,
    pub(super) protocols: Vec<Vec<u8>>,
}

/// What became of bytes that were to be sent.
pub(super) enum Sending {
    Taken(usize),
    Full(NetEvent),
    Failed(NetError),
    /// A request that a secret cannot go into.
    Refused(&'static str),
}

/// What a guest waits for on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    Opened,
    Secured,
    Receive,
    Send,
    End,
}

/// What a connection's guest and its task have in common.
pub(crate) struct Link {
    state: Mutex<State>,
    to_task: Notify,
    closing: Notify,
    changed: Arc<Notify>,
}

#[derive(Default)]
pub(super) struct State {
    opened: Option<Opened>,
    secured: Option<Secured>,
    /// The address that was tried last.
    tried: Option<IpAddr>,
    refused: Option<String>,
    received: VecDeque<u8>,
    pub(super) received_all: bool,
    cut: bool,
    pub(super) to_send: VecDeque<u8>,
    pub(super) shut: bool,
    pub(super) closed: bool,
    asked: Option<Asked>,
    ended: Option<Ended>,
    /// There for a guest that sets them, and then the socket, as long as it is open.
    options: Option<SocketOptions>,
    pub(super) socket: Option<OwnedFd>,
}

struct Ended {
    at: Instant,
    error: Option<NetError>,
}

impl State {
    pub(super) fn room_to_receive(&self) -> usize {
        match self.closed || self.received_all {
            // What a guest does not read any more is only counted as read to see the end.
            true => 0,
            false => BUFFER.saturating_sub(self.received.len()),
        }
    }

    /// The encryption that was asked for, once. What was said before in the clear must not be taken for a part of what is said
    /// in secret.
    pub(super) fn take_asked(&mut self) -> Option<Result<Asked, NetError>> {
        let spoke = || NetError::new(NetErrorKind::Tls, "the other side spoke before the connection was encrypted");
        let asked = self.asked.take()?;
        Some(if self.received.is_empty() && !self.received_all { Ok(asked) } else { Err(spoke()) })
    }

    fn error(&self) -> Option<NetError> {
        self.ended.as_ref().map(|ended| ended.error.clone().unwrap_or_else(NetError::closed))
    }

    /// Bytes that can be sent at once.
    fn room_to_send(&self) -> usize {
        if self.opened.is_some() { BUFFER.saturating_sub(self.to_send.len()) } else { 0 }
    }

    pub(super) fn is_ready(&self, interest: Interest) -> bool {
        let ready = match interest {
            Interest::Opened => self.opened.is_some(),
            Interest::Secured => self.secured.is_some(),
            Interest::Receive => !self.received.is_empty() || self.received_all,
            Interest::Send => self.opened.is_some() && (self.shut || self.room_to_send() > 0),
            Interest::End => false,
        };
        ready || self.ended.is_some()
    }
}

impl Link {
    pub(super) fn new(changed: Arc<Notify>, options: Option<SocketOptions>) -> Self {
        let state = Mutex::new(State { options, ..State::default() });
        Self { state, to_task: Notify::new(), closing: Notify::new(), changed }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ready when the guest has done something.
    pub(super) fn told(&self) -> Notified<'_> {
        self.to_task.notified()
    }

    pub(super) fn tell_guest(&self) {
        self.changed.notify_waiters();
    }

    /// Ready some time after the guest has closed the connection; at once if it never was open.
    pub(super) async fn closed_for(&self, time: Duration) {
        self.closing.notified().await;
        if self.state().opened.is_some() {
            tokio::time::sleep(time).await;
        }
    }

    pub(super) fn refused(&self, address: IpAddr, refusal: &NetworkRefusal) {
        let mut state = self.state();
        (state.tried, state.refused) = (Some(address), Some(refusal.to_string()));
    }

    pub(super) fn tried(&self, address: IpAddr) {
        self.state().tried = Some(address);
    }

    pub(super) fn options(&self) -> Option<SocketOptions> {
        self.state().options
    }

    /// Sets options of the socket, if it is open; otherwise they are set when it is.
    pub(super) fn set(&self, options: SocketOptions) -> io::Result<()> {
        let mut state = self.state();
        if let (Some(socket), Some(opened)) = (&state.socket, state.opened) {
            options.apply(socket, opened.peer.is_ipv6())?;
        }
        state.options = Some(options);
        Ok(())
    }

    pub(super) fn opened(&self, stream: &TcpStream, peer: SocketAddr) -> io::Result<()> {
        let local = stream.local_addr().unwrap_or_else(|_| SocketAddr::new(peer.ip(), 0));
        let mut state = self.state();
        if let Some(options) = state.options {
            // What was set while it was being connected.
            options.apply(stream, peer.is_ipv6())?;
            state.socket = Some(stream.as_fd().try_clone_to_owned()?);
        }
        (state.opened, state.tried, state.refused) = (Some(Opened { local, peer }), Some(peer.ip()), None);
        drop(state);
        self.tell_guest();
        Ok(())
    }

    pub(super) fn secured(&self, stream: &TlsStream<TcpStream>) {
        let (_, session) = stream.get_ref();
        let version = match session.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
            _ => "TLSv1.3",
        };
        let cipher = session.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or_default();
        let protocol = session.alpn_protocol().map(|protocol| String::from_utf8_lossy(protocol).into_owned());
        let certificate = session.peer_certificates().and_then(|chain| chain.first()).map(|first| first.to_vec());
        let (cipher, certificate) = (cipher.to_owned(), certificate.unwrap_or_default());
        self.state().secured = Some(Secured { version, cipher, protocol, certificate });
        self.tell_guest();
    }

    /// Keeps what was received; nothing is the end.
    pub(super) fn received(&self, bytes: &[u8]) {
        let mut state = self.state();
        if !state.received_all {
            state.received.extend(bytes);
        }
        state.received_all |= bytes.is_empty();
        drop(state);
        self.tell_guest();
    }

    /// The other side has left without saying so, where encryption has a word for that: it may have been made to.
    pub(super) fn cut(&self) {
        self.state().cut = true;
        self.received(&[]);
    }

    pub(super) fn end(&self, error: Option<NetError>) {
        let mut state = self.state();
        state.ended = Some(Ended { at: Instant::now(), error });
        (state.to_send, state.socket) = (VecDeque::new(), None);
        drop(state);
        self.tell_guest();
    }
}

impl Connection {
    pub(super) fn new(link: Arc<Link>, host: NetworkHost, port: u16) -> Self {
        Self {
            link,
            host,
            port,
            record: None,
            began: Instant::now(),
            sent: 0,
            received: 0,
            server: None,
            filter: None,
            begun_to_send: false,
        }
    }

    fn wait<T>(&self, interest: Interest) -> Progress<T> {
        Progress::Wait(self.event(interest))
    }

    fn event(&self, interest: Interest) -> NetEvent {
        NetEvent::of(Arc::<Link>::clone(&self.link), interest, &self.link.changed)
    }

    pub(super) fn opened(&self) -> Progress<Opened> {
        let state = self.link.state();
        match (state.opened, state.error()) {
            (Some(opened), _) => Progress::Done(Ok(opened)),
            (None, Some(error)) => Progress::Done(Err(error)),
            (None, None) => self.wait(Interest::Opened),
        }
    }

    pub(super) fn peer(&self) -> Option<SocketAddr> {
        self.link.state().opened.map(|opened| opened.peer)
    }

    /// How far encrypting has come, if it was asked for.
    pub(super) fn secured(&self) -> Option<Progress<Secured>> {
        self.server.as_ref()?;
        let state = self.link.state();
        Some(match (&state.secured, state.error()) {
            (Some(secured), _) => Progress::Done(Ok(secured.clone())),
            (None, Some(error)) => Progress::Done(Err(error)),
            (None, None) => self.wait(Interest::Secured),
        })
    }

    /// Asks for encryption.
    pub(super) fn secure(&mut self, server: NetworkHost, protocols: &[&str]) -> Progress<Secured> {
        // Such as TLS itself can say.
        if protocols.len() > MAX_PROTOCOLS || !protocols.iter().all(|protocol| (1..=255).contains(&protocol.len())) {
            let message = format!("at most {MAX_PROTOCOLS} protocols can be offered, of 1 to 255 bytes each");
            return Progress::Done(Err(NetError::new(NetErrorKind::Tls, message)));
        }
        let mut state = self.link.state();
        let reason = match (state.opened, state.error()) {
            (_, Some(error)) => Some(error),
            (None, None) => Some(NetError::new(NetErrorKind::NotOpen, "the connection is not open yet")),
            (Some(_), None) if self.filter.is_some() => {
                Some(NetError::new(NetErrorKind::Tls, "a request was begun before the connection was encrypted"))
            }
            (Some(_), None) => None,
        };
        if let Some(error) = reason {
            return Progress::Done(Err(error));
        }
        let protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        state.asked = Some(Asked { server: server.clone(), protocols });
        drop(state);
        (self.server, self.begun_to_send) = (Some(server), false);
        self.link.to_task.notify_one();
        self.wait(Interest::Secured)
    }

    pub(super) fn send(&mut self, bytes: &[u8], shared: &Shared) -> Sending {
        let link = Arc::clone(&self.link);
        let mut state = link.state();
        if let Some(error) = state.error() {
            return Sending::Failed(error);
        }
        if state.shut {
            return Sending::Failed(NetError::new(NetErrorKind::Shut, "sending was ended"));
        }
        if self.server.is_some() && state.secured.is_none() {
            return Sending::Full(self.event(Interest::Secured));
        }
        let room = BUFFER.saturating_sub(state.to_send.len());
        if state.opened.is_none() || room == 0 {
            return Sending::Full(self.event(Interest::Send));
        }
        if !self.begun_to_send {
            self.begun_to_send = true;
            self.filter = self.filter(shared, &state);
        }
        let bytes = bytes.get(..room).unwrap_or(bytes);
        match self.filter.as_mut().map(|filter| filter.push(bytes)) {
            None => state.to_send.extend(bytes),
            Some(Filtered::More) => {}
            Some(Filtered::Whole(head)) => {
                state.to_send.extend(head);
                self.filter = None;
            }
            Some(Filtered::Refused(reason)) => return Sending::Refused(reason),
        }
        drop(state);
        self.sent += bytes.len() as u64;
        link.to_task.notify_one();
        Sending::Taken(bytes.len())
    }

    /// What puts secrets into the first request, if there are any for the hosts that it may be for. Where encryption has shown
    /// who the other side is, that one counts; otherwise those that it was connected to as, for what may go out unencrypted.
    fn filter(&self, shared: &Shared, state: &State) -> Option<HeadFilter> {
        let (secured, peer) = (state.secured.is_some(), state.opened?.peer.ip());
        let mut hosts: Vec<NetworkHost> = self.server.iter().cloned().collect();
        if self.server.is_none() {
            let names = shared.names_of(peer).into_iter().map(NetworkHost::Name);
            hosts.extend(names.filter(|name| *name != self.host));
            hosts.push(self.host.clone());
        }
        let mut secrets = Vec::new();
        for host in hosts.iter().filter(|host| self.is_at(host, peer, shared)) {
            for secret in shared.grants.secrets_for(host, self.port).filter(|secret| secured || secret.unencrypted) {
                let (header, value) = (secret.header.clone(), secret.value.reveal().to_owned());
                secrets.push(Secret { host: host.clone(), header, value });
            }
        }
        HeadFilter::new(hosts, self.port, secrets)
    }

    /// Whether a host is where this connection leads. A certificate alone does not say so: one for all names of a domain is had
    /// by each of its hosts.
    fn is_at(&self, host: &NetworkHost, peer: IpAddr, shared: &Shared) -> bool {
        match host {
            NetworkHost::Address(address) => *address == peer.to_canonical(),
            NetworkHost::Name(name) => *host == self.host || shared.names_of(peer).contains(name),
            _ => false,
        }
    }

    pub(super) fn receive(&mut self, room: &mut [u8]) -> Progress<usize> {
        // What came before the other side has shown who it is comes from anybody.
        let mut state = self.link.state();
        if self.server.is_some() && state.secured.is_none() {
            return state.error().map_or_else(|| self.wait(Interest::Secured), |error| Progress::Done(Err(error)));
        }
        if !state.received.is_empty() || room.is_empty() {
            let len = room.len().min(state.received.len());
            room.iter_mut().zip(state.received.drain(..len)).for_each(|(room, byte)| *room = byte);
            drop(state);
            self.received += len as u64;
            self.link.to_task.notify_one();
            return Progress::Done(Ok(len));
        }
        match &state.ended {
            _ if state.received_all => Progress::Done(Ok(0)),
            Some(Ended { error: Some(error), .. }) => Progress::Done(Err(error.clone())),
            Some(_) => Progress::Done(Ok(0)),
            None => {
                drop(state);
                self.wait(Interest::Receive)
            }
        }
    }

    /// Whether the end of what was received may not be where the other side has put it.
    pub(super) fn is_cut(&self) -> bool {
        self.link.state().cut
    }

    /// How many bytes can be sent without a wait.
    pub(super) fn room(&self) -> Result<usize, NetError> {
        let state = self.link.state();
        match state.error() {
            Some(error) => Err(error),
            None if state.shut => Err(NetError::new(NetErrorKind::Shut, "sending was ended")),
            None => Ok(state.room_to_send()),
        }
    }

    /// Takes in nothing more.
    pub(super) fn deafen(&mut self) {
        let mut state = self.link.state();
        (state.received, state.received_all) = (VecDeque::new(), true);
        drop(state);
        self.link.to_task.notify_one();
    }

    pub(super) fn shut(&mut self) {
        self.link.state().shut = true;
        self.link.to_task.notify_one();
    }

    pub(super) fn close(&mut self) {
        let mut state = self.link.state();
        if !state.closed {
            (state.shut, state.closed, state.received) = (true, true, VecDeque::new());
            drop(state);
            self.link.closing.notify_one();
            self.link.to_task.notify_one();
        }
    }

    /// What tells when it has ended, if it has not.
    pub(super) fn lasting(&self) -> Option<NetEvent> {
        let ended = self.link.state().is_ready(Interest::End);
        (!ended).then(|| self.event(Interest::End))
    }

    /// A record of what comes from now on, in a run that began then.
    pub(super) fn begin_record(&mut self, run_began: Instant) -> ConnectionRecord {
        let began = Instant::now();
        (self.began, self.sent, self.received) = (began, 0, 0);
        let at = began.saturating_duration_since(run_began);
        record(NetworkProtocol::Tcp, &self.host.to_string(), self.port, at)
    }

    /// Brings its record up to date.
    pub(super) fn write_record(&mut self, records: &mut [ConnectionRecord]) {
        let Some(record) = self.record.and_then(|record| records.get_mut(record)) else { return };
        let state = self.link.state();
        let until = state.ended.as_ref().map_or_else(Instant::now, |ended| ended.at);
        let failed = || state.ended.as_ref().and_then(|ended| ended.error.as_ref()).map(|error| error.message.clone());
        record.address = state.tried.map(|address| address.to_string());
        record.tls = state.secured.is_some();
        record.duration_us = micros(until.saturating_duration_since(self.began));
        (record.bytes_sent, record.bytes_received) = (self.sent, self.received);
        record.error = state.refused.clone().or_else(failed);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.close();
    }
}

/// Something of the network's that a guest waits for.
pub(super) trait Waited: Send + Sync {
    fn is_ready(&self, interest: Interest) -> bool;
}

impl Waited for Link {
    fn is_ready(&self, interest: Interest) -> bool {
        self.state().is_ready(interest)
    }
}

impl Waited for Lookup {
    fn is_ready(&self, _: Interest) -> bool {
        self.is_answered()
    }
}

/// What a guest waits for: the first of some connections and names.
pub(crate) struct NetEvent {
    waited: Vec<(Arc<dyn Waited>, Interest)>,
    changed: Arc<Notify>,
}

impl NetEvent {
    pub(super) fn of(waited: Arc<dyn Waited>, interest: Interest, changed: &Arc<Notify>) -> Self {
        Self { waited: vec![(waited, interest)], changed: Arc::clone(changed) }
    }

    /// What is waited for.
    pub(super) fn all(&self) -> &[(Arc<dyn Waited>, Interest)] {
        &self.waited
    }

    pub(super) fn lookup(lookup: Arc<Lookup>, changed: &Arc<Notify>) -> Self {
        Self::of(lookup, Interest::Opened, changed)
    }

    pub(super) fn first(waited: Vec<(Arc<dyn Waited>, Interest)>, changed: &Arc<Notify>) -> Self {
        Self { waited, changed: Arc::clone(changed) }
    }

    /// The first of both, of one sandbox.
    pub(crate) fn or(mut self, other: Self) -> Self {
        self.waited.extend(other.waited);
        self
    }
}

impl Event for NetEvent {
    fn ready(&self) -> bool {
        self.waited.iter().any(|(waited, interest)| waited.is_ready(*interest))
    }

    fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }
}

impl fmt::Debug for NetEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let interests: Vec<Interest> = self.waited.iter().map(|(_, interest)| *interest).collect();
        f.debug_struct("NetEvent").field("interests", &interests).finish_non_exhaustive()
    }
}
