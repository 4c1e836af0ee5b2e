//! Making a connection: the name resolved, each of its addresses checked and tried, and what follows carried until it ends.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use wasm_sandbox_policy::{NetworkHost, NetworkRefusal};

use super::{
    Shared,
    connection::{LINGER, Link},
    error::{NetError, NetErrorKind},
    place,
    pump::pump,
};

/// Some port: nothing is sent to it.
const DISCARD: u16 = 9;

/// Addresses of one name that are tried.
const MAX_TRIED: usize = 4;

/// One connection from its beginning to its end.
pub(super) async fn run(place: Place, link: Arc<Link>, host: NetworkHost, port: u16) {
    let shared = Arc::clone(&place.0);
    let failed = NetError::new(NetErrorKind::Other, "the connection failed");
    let mut end = End { place: Some(place), link: Arc::clone(&link), error: Some(failed) };
    let carried = timeout(shared.grants.connection_time, carry(&shared, &link, &host, port));
    let outcome = tokio::select! {
        outcome = carried => outcome.unwrap_or_else(|_| Err(NetError::timed_out("the connection"))),
        () = link.closed_for(LINGER) => Ok(()),
    };
    end.error = outcome.err();
}

/// Says that a connection has ended, also where what carried it has panicked.
struct End {
    place: Option<Place>,
    link: Arc<Link>,
    error: Option<NetError>,
}

impl Drop for End {
    fn drop(&mut self) {
        // Who hears of it may take its place.
        self.place = None;
        self.link.end(self.error.take());
    }
}

/// A connection's place among those that are open.
pub(super) struct Place(Arc<Shared>);

impl Place {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        shared.open.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(shared))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn carry(shared: &Shared, link: &Link, host: &NetworkHost, port: u16) -> Result<(), NetError> {
    let addresses = match host {
        NetworkHost::Address(address) => vec![*address],
        NetworkHost::Name(name) => shared.resolve(name).await?,
        _ => Vec::new(),
    };
    let mut stream = connect(shared, link, host, port, &addresses).await?;
    let Some(asked) = pump(link, &mut stream).await? else { return Ok(()) };
    let handshake = shared.tls.secure(stream, &asked);
    let secured = timeout(shared.grants.connect_timeout, handshake).await;
    let mut stream = secured.map_err(|_| NetError::timed_out("the TLS handshake"))??;
    link.secured(&stream);
    pump(link, &mut stream).await?;
    Ok(())
}

/// Connects to the first address that lets itself be connected to. All have one time together, of which none takes what the
/// others need.
async fn connect(
    shared: &Shared,
    link: &Link,
    host: &NetworkHost,
    port: u16,
    addresses: &[IpAddr],
) -> Result<TcpStream, NetError> {
    let began = Instant::now();
    let mut last = NetError::new(NetErrorKind::Unresolved, "the host has no address");
    for (address, left) in addresses.iter().take(MAX_TRIED).zip((1..=addresses.len().min(MAX_TRIED)).rev()) {
        if let Err(refusal) = shared.check_address(*address, port).and_then(|()| shared.check_own(*address, port)) {
            let target = place(&host.to_string(), port);
            shared.denials.note("connect", format!("{target} ({address})"), &refusal.to_string());
            link.refused(*address, &refusal);
            last = NetError::denied(&target, refusal);
            continue;
        }
        link.tried(*address);
        let peer = SocketAddr::new(*address, port);
        let time =
            shared.grants.connect_timeout.saturating_sub(began.elapsed()) / u32::try_from(left).unwrap_or(u32::MAX);
        match timeout(time, open(link, peer)).await {
            Err(_) => last = NetError::timed_out("connecting"),
            Ok(Err(error)) => last = NetError::of(&error),
            Ok(Ok(stream)) => {
                link.opened(&stream, peer).map_err(|error| NetError::of(&error))?;
                return Ok(stream);
            }
        }
    }
    Err(last)
}

async fn open(link: &Link, peer: SocketAddr) -> io::Result<TcpStream> {
    let socket = if peer.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // What is written together goes out together: guests buffer by themselves.
    socket.set_nodelay(true)?;
    if let Some(options) = link.options() {
        options.apply(&socket, peer.is_ipv6())?;
    }
    socket.connect(peer).await
}

impl Shared {
    /// Whether an address is another machine's, or granted as an address: names do not lead to this machine, also where its own
    /// address is a public one.
    pub(super) fn check_own(&self, address: IpAddr, port: u16) -> Result<(), NetworkRefusal> {
        match self.grants.check_address(address, port, []) {
            Err(_) if is_own(address) => Err(NetworkRefusal::Own),
            _ => Ok(()),
        }
    }
}

/// Whether this machine itself would answer: it then talks from that address, too. Nothing is sent to find that out.
pub(super) fn is_own(address: IpAddr) -> bool {
    let any: IpAddr = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let from = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect((address, DISCARD))?;
        socket.local_addr()
    });
    from.is_ok_and(|from| from.ip() == address)
}
