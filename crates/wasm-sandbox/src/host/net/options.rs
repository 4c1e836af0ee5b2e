//! What a guest asks of its own sockets. It costs nobody else anything: the system bounds the buffers.

use std::{io, os::fd::AsFd, time::Duration};

use rustix::net::sockopt;

use super::BUFFER;

/// What the system takes at most: seconds, probes and bytes.
const MAX_SECONDS: u64 = 32_767;
const MAX_PROBES: u32 = 127;
const MAX_BUFFER: u64 = (i32::MAX / 2) as u64;

const SECOND: u64 = 1_000_000_000;

/// Those that were set; what was not is the system's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SocketOptions {
    pub(crate) keep_alive: Option<bool>,
    /// Nanoseconds.
    pub(crate) keep_alive_idle: Option<u64>,
    /// Nanoseconds.
    pub(crate) keep_alive_interval: Option<u64>,
    pub(crate) keep_alive_count: Option<u32>,
    pub(crate) hop_limit: Option<u8>,
    pub(crate) receive_buffer: Option<u64>,
    pub(crate) send_buffer: Option<u64>,
}

impl SocketOptions {
    /// As Linux begins with them; a buffer is the host's, where nothing else is asked for.
    pub(crate) const USUAL: Self = Self {
        keep_alive: Some(false),
        keep_alive_idle: Some(7_200 * SECOND),
        keep_alive_interval: Some(75 * SECOND),
        keep_alive_count: Some(9),
        hop_limit: Some(64),
        receive_buffer: Some(BUFFER as u64),
        send_buffer: Some(BUFFER as u64),
    };

    /// The nearest that the system takes.
    pub(crate) fn rounded(self) -> Self {
        let seconds = |nanos: u64| nanos.div_ceil(SECOND).clamp(1, MAX_SECONDS) * SECOND;
        Self {
            keep_alive_idle: self.keep_alive_idle.map(seconds),
            keep_alive_interval: self.keep_alive_interval.map(seconds),
            keep_alive_count: self.keep_alive_count.map(|count| count.min(MAX_PROBES)),
            receive_buffer: self.receive_buffer.map(|bytes| bytes.min(MAX_BUFFER)),
            send_buffer: self.send_buffer.map(|bytes| bytes.min(MAX_BUFFER)),
            ..self
        }
    }

    /// Sets them.
    pub(super) fn apply(&self, socket: impl AsFd, is_v6: bool) -> io::Result<()> {
        let socket = socket.as_fd();
        let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        if let Some(on) = self.keep_alive {
            sockopt::set_socket_keepalive(socket, on)?;
        }
        if let Some(nanos) = self.keep_alive_idle {
            sockopt::set_tcp_keepidle(socket, Duration::from_nanos(nanos))?;
        }
        if let Some(nanos) = self.keep_alive_interval {
            sockopt::set_tcp_keepintvl(socket, Duration::from_nanos(nanos))?;
        }
        if let Some(count) = self.keep_alive_count {
            sockopt::set_tcp_keepcnt(socket, count)?;
        }
        match self.hop_limit {
            Some(hops) if is_v6 => sockopt::set_ipv6_unicast_hops(socket, Some(hops))?,
            Some(hops) => sockopt::set_ip_ttl(socket, hops.into())?,
            None => {}
        }
        if let Some(bytes) = self.receive_buffer {
            sockopt::set_socket_recv_buffer_size(socket, size(bytes))?;
        }
        if let Some(bytes) = self.send_buffer {
            sockopt::set_socket_send_buffer_size(socket, size(bytes))?;
        }
        Ok(())
    }
}
