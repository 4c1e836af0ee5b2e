//! Names to addresses. Each name is asked for once; what may not be reached is taken out, and what is left is what the name is
//! for one run, or for as long as a session lives.

use std::{
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Notify, Semaphore};
use wasm_sandbox_policy::{AddressKind, HostName, NetworkRefusal};

use super::{
    Shared,
    error::{NetError, NetErrorKind},
};

/// Names that are asked for at a time in one sandbox.
pub(super) const MAX_ASKING: usize = 4;

/// Names that are asked for at a time in all sandboxes of this process.
static ASKING: Semaphore = Semaphore::const_new(64);

/// Names that are known to one sandbox.
const MAX_NAMES: usize = 1_000;

/// Addresses of one name that are looked at.
const MAX_ADDRESSES: usize = 64;

/// Who knows the addresses of names.
pub(super) trait Resolver: Send + Sync {
    fn resolve(&self, name: &str) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;
}

/// The system's resolver, as it is set up on this machine.
pub(super) struct System;

impl Resolver for System {
    fn resolve(&self, name: &str) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        let name = name.to_owned();
        Box::pin(async move {
            let asked = tokio::task::spawn_blocking(move || (name.as_str(), 0).to_socket_addrs());
            Ok(asked.await.map_err(io::Error::other)??.map(|address| address.ip()).collect())
        })
    }
}

/// A name that a guest has asked for.
#[derive(Default)]
pub(crate) struct Lookup(Mutex<Option<Result<Vec<IpAddr>, NetError>>>);

impl Lookup {
    pub(super) fn take(&self) -> Option<Result<Vec<IpAddr>, NetError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn is_answered(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

/// Resolves a name for a guest that waits for it.
pub(super) async fn run(shared: Arc<Shared>, name: HostName, lookup: Arc<Lookup>) {
    let failed = NetError::new(NetErrorKind::Other, "resolving the name failed");
    let mut end = End { outcome: Some(Err(failed)), lookup, changed: Arc::clone(&shared.changed) };
    end.outcome = Some(shared.resolve(&name).await);
}

/// Says what a name has come to, also where asking has panicked.
struct End {
    outcome: Option<Result<Vec<IpAddr>, NetError>>,
    lookup: Arc<Lookup>,
    changed: Arc<Notify>,
}

impl Drop for End {
    fn drop(&mut self) {
        *self.lookup.0.lock().unwrap_or_else(PoisonError::into_inner) = self.outcome.take();
        self.changed.notify_waiters();
    }
}

impl Shared {
    /// The addresses of a granted name, of which at least one may be connected to.
    pub(super) async fn resolve(&self, name: &HostName) -> Result<Vec<IpAddr>, NetError> {
        if let Some(known) = self.pins().get(name) {
            return Ok(known.clone());
        }
        let found = match name.is_localhost() {
            // Nobody else is asked what this machine is.
            true => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            false => self.ask(name).await?,
        };
        let (open, closed) = self.sorted(found);
        if open.is_empty() {
            return Err(self.refuse(name, &closed));
        }
        if !name.is_localhost() {
            closed.iter().for_each(|address| self.note(name, *address));
        }
        let mut pins = self.pins();
        if pins.len() >= MAX_NAMES && !pins.contains_key(name) {
            return Err(NetError::new(NetErrorKind::TooMany, "too many names were resolved"));
        }
        // Of two answers to one question the first counts.
        Ok(pins.entry(name.clone()).or_insert(open).clone())
    }

    async fn ask(&self, name: &HostName) -> Result<Vec<IpAddr>, NetError> {
        let unknown = || NetError::new(NetErrorKind::Unresolved, format!("the name `{name}` has no address"));
        let answer = tokio::time::timeout(self.grants.connect_timeout, self.answer(name)).await;
        let answer = answer.map_err(|_| NetError::timed_out("resolving the name"))?;
        let mut found = Vec::new();
        for address in answer.ok_or_else(unknown)?.into_iter().map(|address| address.to_canonical()) {
            if found.len() < MAX_ADDRESSES && !found.contains(&address) {
                found.push(address);
            }
        }
        if found.is_empty() { Err(unknown()) } else { Ok(found) }
    }

    /// What the system says, once there is a place to ask. Nobody waits for a place who is not waited for.
    async fn answer(&self, name: &HostName) -> Option<Vec<IpAddr>> {
        let places = (Arc::clone(&self.asking).acquire_owned().await.ok()?, ASKING.acquire().await.ok()?);
        let asked = self.resolver.resolve(name.as_str());
        // In a task of its own, which keeps its places however long the system takes.
        let answer = tokio::spawn(async move {
            let _places = places;
            asked.await.ok()
        });
        answer.await.ok().flatten()
    }

    /// The addresses that may be connected to on some port, and the others.
    fn sorted(&self, found: Vec<IpAddr>) -> (Vec<IpAddr>, Vec<IpAddr>) {
        let granted = |address: IpAddr| self.grants.rules.iter().any(|rule| rule.host().has_address(address));
        found.into_iter().partition(|address| AddressKind::of(*address) == AddressKind::Public || granted(*address))
    }

    fn refuse(&self, name: &HostName, closed: &[IpAddr]) -> NetError {
        closed.iter().for_each(|address| self.note(name, *address));
        let kind = closed.first().map_or(AddressKind::Reserved, |address| AddressKind::of(*address));
        NetError::denied(name.as_str(), NetworkRefusal::Address(kind))
    }

    fn note(&self, name: &HostName, address: IpAddr) {
        let refusal = NetworkRefusal::Address(AddressKind::of(address));
        self.denials.note("resolve", format!("{name} ({address})"), &refusal.to_string());
    }
}
