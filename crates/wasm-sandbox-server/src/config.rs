//! What a server takes from its clients.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use wasm_sandbox::{ByteSize, ByteUnits};

/// Where a server listens and what it takes. What guests may do is in the policy of their handler.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerConfig {
    /// Where it listens. Default: `127.0.0.1:8080`, which only this machine reaches.
    pub listen: SocketAddr,
    /// Connections at a time; who comes later waits until one ends. Default: 1000.
    pub connections: usize,
    /// Requests that guests answer at a time; a request that waits longer than `queue_time` for its turn is answered with 503.
    /// Default: 100.
    pub exchanges: usize,
    /// How long a request waits for its turn. Default: 10 s.
    pub queue_time: Duration,
    /// Bytes of a request's body. One that says it is longer is answered with 413; one that turns out longer breaks off.
    /// Default: 10 MB.
    pub body: ByteSize,
    /// How long a client may take to send the head of a request, and how long a connection may be idle. Default: 30 s.
    pub head_time: Duration,
    /// How long a client may take nothing of an answer. One that is slow to send a body has as long as its guest has. Default: 30 s.
    pub stall_time: Duration,
    /// How long exchanges that are under way may take once the server is to end. Default: 30 s.
    pub drain_time: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            connections: 1000,
            exchanges: 100,
            queue_time: Duration::from_secs(10),
            body: 10.mb(),
            head_time: Duration::from_secs(30),
            stall_time: Duration::from_secs(30),
            drain_time: Duration::from_secs(30),
        }
    }
}
