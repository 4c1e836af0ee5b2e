//! What does not work on the network, as guests are told.

use std::io;

use wasm_sandbox_policy::{NetworkRefusal, Plain};

/// A failure that a guest can deal with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NetError {
    pub(crate) kind: NetErrorKind,
    pub(crate) message: String,
}

/// The kinds of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NetErrorKind {
    /// The policy does not grant it.
    Denied,
    /// The name has no address.
    Unresolved,
    /// Nobody listens there.
    Refused,
    /// The other side has ended it.
    Reset,
    /// There is no way there.
    Unreachable,
    TimedOut,
    /// The certificate, or the other side's part in encrypting, is wrong.
    Tls,
    /// Too many connections are open.
    TooMany,
    /// There is no such connection.
    NotOpen,
    /// The guest has ended sending.
    Shut,
    /// No datagram has so many bytes.
    TooLong,
    Other,
    /// The request cannot be sent as it is.
    Request(RequestFault),
    /// The answer's head is longer than is taken.
    Head,
    /// The answer cannot be used as it is.
    Response,
}

/// What of a request cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestFault {
    Method,
    Scheme,
    /// The host, the port or the path.
    Target,
    Header,
    /// The head is too long.
    Size,
    /// The body is not what was said of it.
    Body,
    /// All of it.
    Form,
}

impl NetError {
    pub(crate) fn request(fault: RequestFault, message: impl Into<String>) -> Self {
        Self::new(NetErrorKind::Request(fault), message)
    }

    pub(crate) fn new(kind: NetErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    pub(super) fn denied(target: &str, refusal: NetworkRefusal) -> Self {
        let target = Plain::line(target).at_most(300);
        Self::new(NetErrorKind::Denied, format!("`{target}` cannot be reached from this sandbox: {refusal}"))
    }

    /// There is no such connection.
    pub(super) fn closed() -> Self {
        Self::new(NetErrorKind::NotOpen, "the connection is closed")
    }

    pub(crate) fn timed_out(what: &str) -> Self {
        Self::new(NetErrorKind::TimedOut, format!("{what} took too long"))
    }

    /// A failure of the system's.
    pub(super) fn of(error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        let (kind, message) = match error.kind() {
            Kind::ConnectionRefused => (NetErrorKind::Refused, "the connection was refused"),
            Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => {
                (NetErrorKind::Reset, "the other side has ended the connection")
            }
            Kind::TimedOut => (NetErrorKind::TimedOut, "the connection took too long"),
            Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown | Kind::AddrNotAvailable => {
                (NetErrorKind::Unreachable, "there is no way to the host")
            }
            // What TLS has to say comes as such, and a side that leaves without saying so.
            Kind::InvalidData | Kind::UnexpectedEof => {
                let message = Plain::line(&error.to_string()).at_most(300).to_string();
                return Self::new(NetErrorKind::Tls, message);
            }
            _ => (NetErrorKind::Other, "the connection failed"),
        };
        Self::new(kind, message)
    }
}
