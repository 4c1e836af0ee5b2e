//! Making a connection: the name resolved, each of its addresses checked and tried, and what follows carried until it ends.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, atomic::Ordering},
};

use tokio::{net::TcpStream, time::timeout};
use wasm_sandbox_policy::NetworkHost;

use super::{
    Shared,
    connection::{LINGER, Link},
    error::{NetError, NetErrorKind},
    pump::pump,
};

/// One connection from its beginning to its end.
pub(super) async fn run(place: Place, link: Arc<Link>, host: NetworkHost, port: u16) {
    let carried = timeout(place.0.grants.connection_time, carry(&place.0, &link, &host, port));
    let outcome = tokio::select! {
        outcome = carried => outcome.unwrap_or_else(|_| Err(NetError::timed_out("the connection"))),
        () = link.closed_for(LINGER) => Ok(()),
    };
    drop(place);
    link.end(outcome.err());
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

/// Connects to the first address that lets itself be connected to.
async fn connect(
    shared: &Shared,
    link: &Link,
    host: &NetworkHost,
    port: u16,
    addresses: &[IpAddr],
) -> Result<TcpStream, NetError> {
    let mut last = NetError::new(NetErrorKind::Unresolved, "the host has no address");
    for address in addresses {
        if let Err(refusal) = shared.check_address(*address, port) {
            shared.denials.note("connect", format!("{host}:{port} ({address})"), &refusal.to_string());
            link.refused(*address, &refusal);
            last = NetError::denied(&format!("{host}:{port}"), refusal);
            continue;
        }
        let peer = SocketAddr::new(*address, port);
        match timeout(shared.grants.connect_timeout, TcpStream::connect(peer)).await {
            Err(_) => last = NetError::timed_out("connecting"),
            Ok(Err(error)) => last = NetError::of(&error),
            Ok(Ok(stream)) => {
                // What is written together goes out together: guests buffer by themselves.
                stream.set_nodelay(true).map_err(|error| NetError::of(&error))?;
                link.opened(&stream, peer);
                return Ok(stream);
            }
        }
        link.tried(*address);
    }
    Err(last)
}
