//! The network as guests reach it: names resolved, connections made and encrypted by the host, each step checked against the
//! policy. It knows no engine and no language; what has to be waited for is said ([`Progress::Wait`]) and asked for again.

mod calls;
mod connection;
mod datagram;
mod dial;
mod error;
mod head;
mod http;
mod options;
mod pump;
mod resolve;
#[cfg(test)]
mod tests;
mod tls;

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    runtime::Runtime,
    sync::{Notify, Semaphore},
};
use wasm_sandbox_policy::{
    ConnectionRecord, Denial, HostName, LimitHit, NetworkGrants, NetworkHost, NetworkPolicy, NetworkProtocol,
    NetworkRefusal, Plain, ResourceKind, SandboxError,
};

use self::{
    connection::{Connection, Link, Waited},
    datagram::Datagrams,
    dial::Place,
    http::Exchange,
    resolve::{Lookup, Resolver, System},
    tls::Tls,
};
pub(crate) use self::{
    connection::{Interest, MAX_PROTOCOLS, NetEvent, Opened, Secured},
    datagram::Datagram,
    error::{NetError, NetErrorKind, RequestFault},
    http::{HttpHead, HttpRequest, RequestBody, is_ours},
    options::SocketOptions,
};
use super::{Stop, tools::Executor};

/// How far a call has come: done, or to be made again once something of this has changed.
pub(crate) enum Progress<T> {
    Done(Result<T, NetError>),
    Wait(NetEvent),
}

/// What a call to the network came to, unless it ends the guest.
pub(crate) type NetResult<T> = Result<Progress<T>, Stop>;

/// Bytes that are held for each direction of a connection or socket.
pub(crate) const BUFFER: usize = 256 << 10;

/// Connections that are kept in the record of a run.
const MAX_RECORDS: usize = 1_000;

/// Names that a guest has asked for and was not told the addresses of.
const MAX_LOOKUPS: usize = 64;

/// Characters of a host's name as a guest writes it that are kept.
const MAX_NAME: usize = 512;

/// The network of one sandbox.
pub(super) struct Net {
    /// None where nothing is granted.
    open: Option<Box<Open>>,
    /// Made by the first refusal where nothing is granted.
    denials: OnceLock<Arc<Denials>>,
    records: Vec<ConnectionRecord>,
    records_dropped: u64,
    began: Instant,
    hits: Vec<LimitHit>,
}

/// What lives where something is granted.
struct Open {
    shared: Arc<Shared>,
    executor: Executor,
    connections: BTreeMap<u32, Connection>,
    /// By their connections' numbers.
    requests: BTreeMap<u32, Exchange>,
    /// Connections that requests were on, as long as they may keep their places.
    leaving: Vec<Arc<Link>>,
    datagrams: BTreeMap<u32, Datagrams>,
    lookups: BTreeMap<HostName, Arc<Lookup>>,
    total: u64,
    sent: u64,
    received: u64,
}

/// What connections need of their sandbox while they are made.
struct Shared {
    grants: NetworkGrants,
    resolver: Arc<dyn Resolver>,
    /// What names were resolved to, for one run or as long as a session lives: no answer that comes later counts.
    pins: Mutex<BTreeMap<HostName, Vec<IpAddr>>>,
    /// Places for names that are asked for at a time. An answer that nobody waits for any more keeps its place.
    asking: Arc<Semaphore>,
    tls: Tls,
    denials: Arc<Denials>,
    /// Tells the guest that something changed.
    changed: Arc<Notify>,
    open: AtomicU32,
}

/// Refusals that were found beside the guest.
#[derive(Default)]
struct Denials(Mutex<Vec<Denial>>);

impl Denials {
    fn note(&self, operation: &str, target: String, reason: &str) {
        let mut denials = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let target = Plain::line(&target).at_most(MAX_NAME).to_string();
        let same = |known: &&mut Denial| (known.operation.as_str(), &known.target) == (operation, &target);
        if let Some(known) = denials.iter_mut().find(same) {
            known.count += 1;
        } else if denials.len() < MAX_RECORDS {
            let (operation, capability) = (operation.to_owned(), "network".to_owned());
            denials.push(Denial { operation, target, capability, reason: Some(reason.to_owned()), count: 1 });
        }
    }

    fn take(&self) -> Vec<Denial> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shared {
    fn pins(&self) -> MutexGuard<'_, BTreeMap<HostName, Vec<IpAddr>>> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names that were resolved to an address.
    fn names_of(&self, address: IpAddr) -> Vec<HostName> {
        let pins = self.pins();
        pins.iter().filter(|(_, known)| known.contains(&address)).map(|(name, _)| name.clone()).collect()
    }

    /// Whether an address may be connected to, by itself or by a name that was resolved to it.
    fn check_address(&self, address: IpAddr, port: u16) -> Result<(), NetworkRefusal> {
        self.grants.check_address(address, port, &self.names_of(address))
    }
}

impl Net {
    /// # Errors
    /// [`SandboxError::Configuration`] when a file of the policy's roots cannot be read.
    pub(super) fn new(
        policy: &NetworkPolicy,
        executor: Executor,
        began: Instant,
        changed: impl FnOnce() -> Arc<Notify>,
    ) -> Result<Self, SandboxError> {
        Self::with_resolver(policy, executor, began, changed, || Arc::new(System))
    }

    fn with_resolver(
        policy: &NetworkPolicy,
        executor: Executor,
        began: Instant,
        changed: impl FnOnce() -> Arc<Notify>,
        resolver: impl FnOnce() -> Arc<dyn Resolver>,
    ) -> Result<Self, SandboxError> {
        let denials = OnceLock::new();
        let open = match policy.grants() {
            None => None,
            Some(grants) => Some(Box::new(Open {
                shared: Arc::new(Shared {
                    tls: Tls::new(&grants.roots)?,
                    grants: grants.clone(),
                    resolver: resolver(),
                    pins: Mutex::default(),
                    asking: Arc::new(Semaphore::new(resolve::MAX_ASKING)),
                    denials: Arc::clone(denials.get_or_init(Arc::default)),
                    changed: changed(),
                    open: AtomicU32::new(0),
                }),
                executor,
                connections: BTreeMap::new(),
                requests: BTreeMap::new(),
                leaving: Vec::new(),
                datagrams: BTreeMap::new(),
                lookups: BTreeMap::new(),
                total: 0,
                sent: 0,
                received: 0,
            })),
        };
        Ok(Self { open, denials, records: Vec::new(), records_dropped: 0, began, hits: Vec::new() })
    }

    fn denials(&self) -> &Arc<Denials> {
        self.denials.get_or_init(Arc::default)
    }

    /// Starts a run. What is open from an earlier one goes on.
    pub(super) fn begin(&mut self, now: Instant) {
        self.began = now;
        (self.records, self.records_dropped) = (Vec::new(), 0);
        self.hits.clear();
        self.take_denials();
        let Some(open) = &mut self.open else { return };
        (open.total, open.sent, open.received) = (0, 0, 0);
        for connection in open.connections.values_mut() {
            let record = note(&mut self.records, &mut self.records_dropped, connection.begin_record(now));
            connection.record = record;
        }
        for datagrams in open.datagrams.values_mut() {
            datagrams.begin_records(now, &mut self.records, &mut self.records_dropped);
        }
    }

    pub(super) fn take_records(&mut self) -> (Vec<ConnectionRecord>, u64) {
        for connection in self.open.iter_mut().flat_map(|open| open.connections.values_mut()) {
            connection.write_record(&mut self.records);
            connection.record = None;
        }
        for datagrams in self.open.iter_mut().flat_map(|open| open.datagrams.values_mut()) {
            datagrams.write_records(&mut self.records);
        }
        (std::mem::take(&mut self.records), std::mem::take(&mut self.records_dropped))
    }

    pub(super) fn take_hits(&mut self) -> Vec<LimitHit> {
        std::mem::take(&mut self.hits)
    }

    pub(super) fn take_denials(&self) -> Vec<Denial> {
        self.denials.get().map(|denials| denials.take()).unwrap_or_default()
    }

    /// A guest asks for what is not granted.
    fn refuse(&mut self, operation: &str, host: &str, port: u16, refusal: NetworkRefusal) -> NetError {
        let target = if operation == "resolve" { host.to_owned() } else { place(host, port) };
        self.denials().note(operation, target.clone(), &refusal.to_string());
        let error = NetError::denied(&target, refusal);
        if operation == "connect" {
            let mut record = record(NetworkProtocol::Tcp, host, port, self.began.elapsed());
            record.address = host.parse::<IpAddr>().ok().map(|address| address.to_string());
            record.error = Some(refusal.to_string());
            note(&mut self.records, &mut self.records_dropped, record);
        }
        error
    }

    /// Parses a host and looks whether it may be reached, as far as its name or address tells.
    fn check(&mut self, operation: &str, host: &str, port: Option<u16>) -> Result<NetworkHost, NetError> {
        let checked = match (&self.open, host.parse()) {
            (_, Err(_)) => Err(NetworkRefusal::NoHost),
            (None, _) => Err(NetworkRefusal::Closed),
            (Some(open), Ok(NetworkHost::Name(name))) => {
                open.shared.grants.check_name(&name, port).map(|()| NetworkHost::Name(name))
            }
            (Some(open), Ok(NetworkHost::Address(address))) => {
                let checked = port.map_or(Ok(()), |port| open.shared.check_address(address, port));
                checked.map(|()| NetworkHost::Address(address))
            }
            (Some(_), Ok(_)) => Err(NetworkRefusal::NoHost),
        };
        checked.map_err(|refusal| self.refuse(operation, host, port.unwrap_or_default(), refusal))
    }

    fn connection(&mut self, handle: u32) -> Result<&mut Connection, NetError> {
        let connection = self.open.as_mut().and_then(|open| open.connections.get_mut(&handle));
        connection.ok_or_else(|| NetError::new(NetErrorKind::NotOpen, "the connection is closed"))
    }
}

impl Open {
    /// Begins a connection, unless there are too many.
    fn dial(
        &mut self,
        host: NetworkHost,
        port: u16,
        options: Option<SocketOptions>,
        hits: &mut Vec<LimitHit>,
    ) -> Result<Result<u32, NetError>, Stop> {
        let (handle, runtime) = match self.room_for_one(hits) {
            Ok(room) => room,
            Err(error) => return Ok(Err(error)),
        };
        self.count_one()?;
        let link = Arc::new(Link::new(Arc::clone(&self.shared.changed), options));
        runtime.spawn(dial::run(Place::new(&self.shared), Arc::clone(&link), host.clone(), port));
        self.connections.insert(handle, Connection::new(link, host, port));
        Ok(Ok(handle))
    }

    /// Counts one more that the guest talks to.
    fn count_one(&mut self) -> Result<(), Stop> {
        self.total += 1;
        let (used, limit) = (self.total, self.shared.grants.total_connections);
        if used > limit {
            return Err(Stop::Limit(LimitHit { kind: ResourceKind::Connections, used, limit }));
        }
        Ok(())
    }

    /// A number for one more that is open, and what carries it, unless there are too many.
    fn room_for_one(&self, hits: &mut Vec<LimitHit>) -> Result<(u32, &'static Runtime), NetError> {
        // Those that the guest has not closed, and those that it has and that are not over yet.
        let held = u32::try_from(self.connections.len() + self.datagrams.len()).unwrap_or(u32::MAX);
        let (now, limit) = (self.shared.open.load(Ordering::SeqCst).max(held), self.shared.grants.connections);
        if now >= limit {
            let hit = LimitHit { kind: ResourceKind::OpenConnections, used: u64::from(now) + 1, limit: limit.into() };
            match hits.iter_mut().find(|known| known.kind == hit.kind) {
                Some(known) => *known = hit,
                None => hits.push(hit),
            }
            return Err(NetError::new(NetErrorKind::TooMany, "too many connections are open"));
        }
        let failed = |message| NetError::new(NetErrorKind::Other, message);
        let runtime = (self.executor)().ok_or_else(|| failed("no thread could be started for it"))?;
        Ok((self.number().ok_or_else(|| failed("the system has no random numbers"))?, runtime))
    }

    /// What is open under a number.
    fn waited(&self, number: u32) -> Option<Arc<dyn Waited>> {
        match self.connections.get(&number) {
            Some(connection) => Some(Arc::<Link>::clone(&connection.link)),
            None => self.datagrams.get(&number).map(Datagrams::waited),
        }
    }

    /// What a name has come to, which is asked for if it was not.
    fn resolve(&mut self, name: HostName) -> Progress<Vec<IpAddr>> {
        if let Some(known) = self.shared.pins().get(&name) {
            return Progress::Done(Ok(known.clone()));
        }
        let lookup = match self.lookups.get(&name) {
            Some(lookup) => Arc::clone(lookup),
            None => match self.look_up(&name) {
                Ok(lookup) => lookup,
                Err(error) => return Progress::Done(Err(error)),
            },
        };
        match lookup.take() {
            None => Progress::Wait(NetEvent::lookup(lookup, &self.shared.changed)),
            Some(outcome) => {
                self.lookups.remove(&name);
                Progress::Done(outcome)
            }
        }
    }

    /// Asks for a name, unless too many are asked for.
    fn look_up(&mut self, name: &HostName) -> Result<Arc<Lookup>, NetError> {
        if self.lookups.len() >= MAX_LOOKUPS {
            self.lookups.retain(|_, lookup| !lookup.is_answered());
        }
        if self.lookups.len() >= MAX_LOOKUPS {
            return Err(NetError::new(NetErrorKind::TooMany, "too many names are being resolved"));
        }
        let runtime = (self.executor)();
        let runtime = runtime.ok_or_else(|| NetError::new(NetErrorKind::Other, "no thread could be started for it"))?;
        let lookup: Arc<Lookup> = Arc::default();
        runtime.spawn(resolve::run(Arc::clone(&self.shared), name.clone(), Arc::clone(&lookup)));
        self.lookups.insert(name.clone(), Arc::clone(&lookup));
        Ok(lookup)
    }

    /// A number that no copy of this sandbox gives to another connection: what was open there is closed here.
    fn number(&self) -> Option<u32> {
        loop {
            let mut bytes = [0; 4];
            getrandom::fill(&mut bytes).ok()?;
            // Far from the numbers of files.
            let number = u32::from_le_bytes(bytes) >> 1 | 1 << 30;
            if !self.connections.contains_key(&number) && !self.datagrams.contains_key(&number) {
                return Some(number);
            }
        }
    }
}

impl Net {
    /// Who the other side may claim to be: a name that is granted, or for addresses that are granted by themselves anybody.
    fn check_server(&mut self, server: &str, port: u16, peer: Option<SocketAddr>) -> Result<NetworkHost, NetError> {
        let Some(open) = &self.open else { return Err(NetError::closed()) };
        let by_itself = peer.is_some_and(|peer| open.shared.grants.check_address(peer.ip(), port, []).is_ok());
        match server.parse() {
            Ok(host) if by_itself => Ok(host),
            _ => self.check("connect", server, Some(port)),
        }
    }
}

/// A record of what has only begun, so long after the run.
fn record(protocol: NetworkProtocol, host: &str, port: u16, at: Duration) -> ConnectionRecord {
    ConnectionRecord {
        host: shown(host),
        address: None,
        port,
        protocol,
        tls: false,
        at_us: micros(at),
        duration_us: 0,
        bytes_sent: 0,
        bytes_received: 0,
        error: None,
    }
}

/// Keeps a record; where it is.
fn note(records: &mut Vec<ConnectionRecord>, dropped: &mut u64, record: ConnectionRecord) -> Option<usize> {
    if records.len() >= MAX_RECORDS {
        *dropped += 1;
        return None;
    }
    records.push(record);
    Some(records.len() - 1)
}

/// A host and a port, with brackets around an address of IPv6.
fn place(host: &str, port: u16) -> String {
    match host.parse::<Ipv6Addr>() {
        Ok(_) => format!("[{host}]:{port}"),
        Err(_) => format!("{host}:{port}"),
    }
}

/// A host as a guest wrote it.
fn shown(host: &str) -> String {
    Plain::line(host).at_most(MAX_NAME).to_string()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
