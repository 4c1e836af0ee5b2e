//! Sockets for datagrams. They are sent from the guest's thread, each to where the policy has been asked about, and received by a
//! task into a bounded buffer; what comes from a host that the guest has not named, to send to or to hear from, is dropped, so that
//! nobody calls.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{net::UdpSocket, runtime::Runtime, sync::Notify};
use wasm_sandbox_policy::{ConnectionRecord, LimitHit, NetworkProtocol, NetworkRefusal, ResourceKind};

use super::{
    BUFFER, Net, Open, Progress, Shared, SocketOptions,
    connection::{Interest, NetEvent, Waited},
    dial::{Place, is_own},
    error::{NetError, NetErrorKind},
    micros, note,
};
use crate::host::{Host, Stop};

/// The most bytes of one datagram.
const MAX_DATAGRAM: usize = 65_507;

/// What each datagram that is held takes besides its bytes.
const OVERHEAD: usize = 64;

/// Bytes that one call takes of what has come in, beyond its first datagram.
const PIECE: usize = 128 << 10;

/// A datagram and who sent it.
pub(crate) type Datagram = (SocketAddr, Vec<u8>);

/// A socket of the guest's.
pub(super) struct Datagrams {
    inbox: Arc<Inbox>,
    socket: Arc<UdpSocket>,
    local: SocketAddr,
    peers: BTreeMap<SocketAddr, Peer>,
}

/// One that the guest talks to.
struct Peer {
    record: Option<usize>,
    began: Instant,
    sent: u64,
    received: u64,
    /// Why the last datagram was not sent.
    error: Option<String>,
}

/// What a socket's guest and its task have in common.
pub(super) struct Inbox {
    state: Mutex<State>,
    to_task: Notify,
    changed: Arc<Notify>,
}

#[derive(Default)]
struct State {
    received: VecDeque<Datagram>,
    held: usize,
    /// Whom the guest may hear from: each was granted to be sent to.
    peers: BTreeSet<SocketAddr>,
    /// The system takes nothing more for now.
    full: bool,
    closed: bool,
    ended: Option<NetError>,
}

impl Waited for Inbox {
    fn is_ready(&self, interest: Interest) -> bool {
        let state = self.state();
        let ready = match interest {
            Interest::Send => !state.full,
            Interest::End => false,
            _ => !state.received.is_empty(),
        };
        ready || state.ended.is_some()
    }
}

impl Inbox {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.state().closed = true;
        self.to_task.notify_one();
    }

    fn keep(&self, from: SocketAddr, bytes: &[u8]) {
        let mut state = self.state();
        if state.peers.contains(&from) {
            state.held += bytes.len() + OVERHEAD;
            state.received.push_back((from, bytes.to_vec()));
            drop(state);
            self.changed.notify_waiters();
        }
    }
}

/// Receives until the guest has closed the socket or its time is up.
async fn run(place: Place, inbox: Arc<Inbox>, socket: Arc<UdpSocket>, time: Duration) {
    let received = tokio::time::timeout(time, receive(&inbox, &socket)).await;
    // Who hears of the end may take its place.
    drop((place, socket));
    inbox.state().ended = Some(match received {
        Ok(Ok(())) => NetError::closed(),
        Ok(Err(error)) => NetError::of(&error),
        Err(_) => NetError::timed_out("the socket"),
    });
    inbox.changed.notify_waiters();
}

async fn receive(inbox: &Inbox, socket: &UdpSocket) -> std::io::Result<()> {
    let mut room = vec![0; MAX_DATAGRAM];
    loop {
        let (has_room, full) = {
            let state = inbox.state();
            if state.closed {
                return Ok(());
            }
            (state.held < BUFFER, state.full)
        };
        tokio::select! {
            () = inbox.to_task.notified() => {}
            received = socket.recv_from(&mut room), if has_room => {
                let (len, from) = received?;
                inbox.keep(from, room.get(..len).unwrap_or_default());
            }
            writable = socket.writable(), if full => {
                writable?;
                inbox.state().full = false;
                inbox.changed.notify_waiters();
            }
        }
    }
}

impl Datagrams {
    fn open(is_v6: bool, shared: &Arc<Shared>, runtime: &Runtime) -> std::io::Result<Self> {
        let any: SocketAddr = if is_v6 { (Ipv6Addr::UNSPECIFIED, 0).into() } else { (Ipv4Addr::UNSPECIFIED, 0).into() };
        let socket = std::net::UdpSocket::bind(any)?;
        socket.set_nonblocking(true)?;
        let local = socket.local_addr()?;
        let _in_runtime = runtime.enter();
        let socket = Arc::new(UdpSocket::from_std(socket)?);
        let changed = Arc::clone(&shared.changed);
        // Until the runtime knows that the system takes something, it lets nothing be sent.
        let state = Mutex::new(State { full: true, ..State::default() });
        let inbox = Arc::new(Inbox { state, to_task: Notify::new(), changed });
        let time = shared.grants.connection_time;
        runtime.spawn(run(Place::new(shared), Arc::clone(&inbox), Arc::clone(&socket), time));
        Ok(Self { inbox, socket, local, peers: BTreeMap::new() })
    }

    pub(super) fn waited(&self) -> Arc<dyn Waited> {
        Arc::<Inbox>::clone(&self.inbox)
    }

    /// Receives nothing more; what tells when its task has ended, if it has not.
    fn close(&self) -> Option<NetEvent> {
        self.inbox.close();
        let ended = self.inbox.is_ready(Interest::End);
        (!ended).then(|| NetEvent::of(self.waited(), Interest::End, &self.inbox.changed))
    }

    /// Gives each that the guest talks to a record in a run that begins.
    pub(super) fn begin_records(&mut self, run_began: Instant, records: &mut Vec<ConnectionRecord>, dropped: &mut u64) {
        for (to, peer) in &mut self.peers {
            *peer = Peer::new();
            peer.record = note(records, dropped, record(*to, run_began, peer.began));
        }
    }

    /// Brings its records up to date; they are another run's then.
    pub(super) fn write_records(&mut self, records: &mut [ConnectionRecord]) {
        for peer in self.peers.values_mut() {
            let Some(record) = peer.record.take().and_then(|record| records.get_mut(record)) else { continue };
            record.duration_us = micros(peer.began.elapsed());
            (record.bytes_sent, record.bytes_received) = (peer.sent, peer.received);
            record.error = peer.error.take();
        }
    }

    fn send(&self, to: SocketAddr, bytes: &[u8]) -> Progress<()> {
        if let Some(error) = self.inbox.state().ended.clone() {
            return Progress::Done(Err(error));
        }
        match self.socket.try_send_to(bytes, to) {
            Ok(_) => Progress::Done(Ok(())),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                self.inbox.state().full = true;
                self.inbox.to_task.notify_one();
                Progress::Wait(NetEvent::of(self.waited(), Interest::Send, &self.inbox.changed))
            }
            Err(error) => Progress::Done(Err(NetError::of(&error))),
        }
    }

    fn take(&mut self, from: Option<SocketAddr>, most: usize) -> Result<Vec<Datagram>, NetError> {
        let mut state = self.inbox.state();
        let (mut taken, mut len) = (Vec::new(), 0);
        while taken.len() < most && len < PIECE {
            let Some((sender, bytes)) = state.received.pop_front() else { break };
            state.held = state.held.saturating_sub(bytes.len() + OVERHEAD);
            if from.is_none_or(|from| from == sender) {
                len += bytes.len() + OVERHEAD;
                taken.push((sender, bytes));
            }
        }
        let ended = state.ended.clone();
        drop(state);
        self.inbox.to_task.notify_one();
        match ended {
            Some(error) if taken.is_empty() => Err(error),
            _ => Ok(taken),
        }
    }
}

impl Drop for Datagrams {
    fn drop(&mut self) {
        self.inbox.close();
    }
}

impl Peer {
    fn new() -> Self {
        Self { record: None, began: Instant::now(), sent: 0, received: 0, error: None }
    }
}

fn record(to: SocketAddr, run_began: Instant, began: Instant) -> ConnectionRecord {
    let (address, at) = (to.ip().to_string(), began.saturating_duration_since(run_began));
    let record = super::record(NetworkProtocol::Udp, &address, to.port(), at);
    ConnectionRecord { address: Some(address), ..record }
}

impl Shared {
    /// Whether datagrams may be sent there: by its address, or by a name that leads to another machine.
    fn check_datagram(&self, to: SocketAddr) -> Result<(), NetworkRefusal> {
        let (address, port) = (to.ip(), to.port());
        self.grants.check_datagram(address, port, &self.names_of(address))?;
        match self.grants.check_datagram(address, port, []) {
            Err(_) if is_own(address) => Err(NetworkRefusal::Own),
            _ => Ok(()),
        }
    }
}

impl Open {
    /// Lets a socket talk to one more, if that is granted.
    fn admit(&mut self, number: u32, to: SocketAddr) -> Result<Result<bool, NetworkRefusal>, Stop> {
        let Some(datagrams) = self.datagrams.get(&number) else { return Ok(Ok(false)) };
        if datagrams.peers.contains_key(&to) {
            return Ok(Ok(false));
        }
        if let Err(refusal) = self.shared.check_datagram(to) {
            return Ok(Err(refusal));
        }
        self.count_one()?;
        Ok(Ok(true))
    }
}

impl Net {
    fn refuse_datagram(&mut self, to: SocketAddr, refusal: NetworkRefusal) -> NetError {
        let target = format!("udp://{to}");
        self.denials().note("send", target.clone(), &refusal.to_string());
        let record = ConnectionRecord { error: Some(refusal.to_string()), ..record(to, self.began, Instant::now()) };
        note(&mut self.records, &mut self.records_dropped, record);
        NetError::denied(&target, refusal)
    }

    fn datagrams(&mut self, number: u32) -> Result<&mut Datagrams, NetError> {
        let datagrams = self.open.as_mut().and_then(|open| open.datagrams.get_mut(&number));
        datagrams.ok_or_else(|| NetError::new(NetErrorKind::NotOpen, "the socket is closed"))
    }
}

impl Host {
    /// A socket for datagrams, at an address of the system's choice; its number.
    pub(crate) fn net_bind(&mut self, is_v6: bool) -> Result<u32, NetError> {
        let net = &mut self.net;
        let granted = match &net.open {
            Some(open) => open.shared.grants.check_datagrams(),
            None => Err(NetworkRefusal::Closed),
        };
        if let Err(refusal) = granted {
            let any = if is_v6 { "udp://[::]:0" } else { "udp://0.0.0.0:0" };
            net.denials().note("bind", any.to_owned(), &refusal.to_string());
            return Err(NetError::denied(any, refusal));
        }
        let Some(open) = &mut net.open else { return Err(NetError::closed()) };
        let (number, runtime) = open.room_for_one(&mut net.hits)?;
        let datagrams = Datagrams::open(is_v6, &open.shared, runtime).map_err(|error| NetError::of(&error))?;
        open.datagrams.insert(number, datagrams);
        Ok(number)
    }

    /// Sets options of a socket.
    pub(crate) fn net_set_datagrams(&mut self, number: u32, options: SocketOptions) -> Result<(), NetError> {
        let datagrams = self.net.datagrams(number)?;
        options.apply(&*datagrams.socket, datagrams.local.is_ipv6()).map_err(|error| NetError::of(&error))
    }

    /// Where a socket is bound.
    pub(crate) fn net_bound(&mut self, number: u32) -> Result<SocketAddr, NetError> {
        self.net.datagrams(number).map(|datagrams| datagrams.local)
    }

    /// Lets a socket send to an address and receive from it, if that is granted.
    pub(crate) fn net_admit(&mut self, number: u32, to: SocketAddr) -> Result<Result<(), NetError>, Stop> {
        let net = &mut self.net;
        let Some(open) = &mut net.open else { return Ok(Err(NetError::closed())) };
        match open.admit(number, to)? {
            Ok(false) => Ok(net.datagrams(number).map(|_| ())),
            Err(refusal) => Ok(Err(net.refuse_datagram(to, refusal))),
            Ok(true) => {
                let mut peer = Peer::new();
                peer.record = note(&mut net.records, &mut net.records_dropped, record(to, net.began, peer.began));
                Ok(net.datagrams(number).map(|datagrams| {
                    datagrams.peers.insert(to, peer);
                    datagrams.inbox.state().peers.insert(to);
                }))
            }
        }
    }

    /// Sends a datagram to where that is granted.
    pub(crate) fn net_send_to(&mut self, number: u32, to: SocketAddr, bytes: &[u8]) -> super::NetResult<()> {
        if bytes.len() > MAX_DATAGRAM {
            let message = format!("a datagram has at most {MAX_DATAGRAM} bytes");
            return Ok(Progress::Done(Err(NetError::new(NetErrorKind::TooLong, message))));
        }
        if let Err(error) = self.net_admit(number, to)? {
            return Ok(Progress::Done(Err(error)));
        }
        let Some(open) = &mut self.net.open else { return Ok(Progress::Done(Err(NetError::closed()))) };
        let (used, limit) = (open.sent.saturating_add(bytes.len() as u64), open.shared.grants.bytes_sent.as_u64());
        if used > limit {
            return Err(Stop::Limit(LimitHit { kind: ResourceKind::BytesSent, used, limit }));
        }
        let Some(datagrams) = open.datagrams.get_mut(&number) else {
            return Ok(Progress::Done(Err(NetError::closed())));
        };
        let progress = datagrams.send(to, bytes);
        let mut peer = datagrams.peers.get_mut(&to);
        if let (Progress::Done(Err(error)), Some(peer)) = (&progress, &mut peer) {
            peer.error = Some(error.message.clone());
        }
        if matches!(progress, Progress::Done(Ok(()))) {
            if let Some(peer) = peer {
                peer.sent = peer.sent.saturating_add(bytes.len() as u64);
            }
            open.sent = used;
            self.count_bytes(bytes.len() as u64)?;
        }
        Ok(progress)
    }

    /// Takes datagrams that have come, of one sender or all.
    pub(crate) fn net_take(
        &mut self,
        number: u32,
        from: Option<SocketAddr>,
        most: usize,
    ) -> Result<Result<Vec<Datagram>, NetError>, Stop> {
        let taken = match self.net.datagrams(number).and_then(|datagrams| datagrams.take(from, most)) {
            Ok(taken) => taken,
            Err(error) => return Ok(Err(error)),
        };
        let Some(open) = &mut self.net.open else { return Ok(Err(NetError::closed())) };
        let mut len = 0;
        for (sender, bytes) in &taken {
            len += bytes.len() as u64;
            let peer = open.datagrams.get_mut(&number).and_then(|datagrams| datagrams.peers.get_mut(sender));
            if let Some(peer) = peer {
                peer.received = peer.received.saturating_add(bytes.len() as u64);
            }
        }
        open.received = open.received.saturating_add(len);
        let (used, limit) = (open.received, open.shared.grants.bytes_received.as_u64());
        if used > limit {
            return Err(Stop::Limit(LimitHit { kind: ResourceKind::BytesReceived, used, limit }));
        }
        self.count_bytes(len)?;
        Ok(Ok(taken))
    }

    /// Closes a socket for datagrams. It keeps its place until the system has it back, which may have to be waited for a moment.
    pub(crate) fn net_unbind(&mut self, number: u32) -> Progress<()> {
        let net = &mut self.net;
        if let Some(event) = net.datagrams(number).ok().and_then(|datagrams| datagrams.close()) {
            return Progress::Wait(event);
        }
        if let Some(mut datagrams) = net.open.as_mut().and_then(|open| open.datagrams.remove(&number)) {
            datagrams.write_records(&mut net.records);
        }
        Progress::Done(Ok(()))
    }
}
