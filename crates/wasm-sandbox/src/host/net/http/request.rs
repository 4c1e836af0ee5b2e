//! What a guest wants to be sent, and how far it has gone out.

use std::net::IpAddr;

use http::HeaderMap;
use wasm_sandbox_policy::NetworkHost;

use super::super::{NetError, RequestFault, head::MAX_HEAD};
use crate::host::http::is_forbidden;

/// The most headers of a request, and of an answer.
pub(super) const MAX_HEADERS: usize = 256;

/// The longest name of a method.
const MAX_METHOD: usize = 31;

/// Bytes of a body that wait to be sent.
const MAX_WAITING: usize = 64 << 10;

/// What is about where the body ends, which is said apart.
const FRAMING: [&str; 3] = ["content-length", "expect", "trailer"];

/// A request as a guest makes it.
pub(crate) struct HttpRequest<'a> {
    pub(crate) method: &'a str,
    pub(crate) encrypted: bool,
    /// A name or an address, without brackets.
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    /// The path and the query.
    pub(crate) target: &'a str,
    pub(crate) headers: Vec<(&'a str, &'a [u8])>,
    pub(crate) body: RequestBody,
}

/// What follows the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestBody {
    None,
    /// So many bytes.
    Exactly(u64),
    /// As many as there will be.
    Unknown,
}

impl HttpRequest<'_> {
    /// Whether it can be said in HTTP/1.1, in one way.
    pub(super) fn check(&self) -> Result<(), NetError> {
        let refuse = |fault, message: String| Err(NetError::request(fault, message));
        if self.method.len() > MAX_METHOD || !is_token(self.method) || self.method == "CONNECT" {
            return refuse(RequestFault::Method, "the method cannot be used".to_owned());
        }
        if !self.target.starts_with('/') || !self.target.bytes().all(|byte| byte.is_ascii_graphic()) {
            return refuse(RequestFault::Target, "the path cannot be sent as it is".to_owned());
        }
        if self.headers.len() > MAX_HEADERS {
            return refuse(RequestFault::Size, format!("there are more than {MAX_HEADERS} headers"));
        }
        for (name, value) in &self.headers {
            if !is_token(name) || value.iter().any(|byte| matches!(byte, 0..=8 | 10..=31 | 127)) {
                return refuse(RequestFault::Header, "a header cannot be sent as it is".to_owned());
            }
            if is_ours(name) {
                return refuse(RequestFault::Header, format!("the header `{name}` is not the guest's to set"));
            }
        }
        let lines = self.headers.iter().map(|(name, value)| name.len() + value.len() + 4);
        if lines.sum::<usize>() + self.target.len() + 1024 > MAX_HEAD {
            return refuse(RequestFault::Size, format!("the head is longer than {MAX_HEAD} bytes"));
        }
        Ok(())
    }

    /// The head for the host that was dialled.
    fn head(&self, host: &NetworkHost) -> Vec<u8> {
        let host = match host {
            NetworkHost::Address(IpAddr::V6(address)) => format!("[{address}]"),
            host => host.to_string(),
        };
        let usual = if self.encrypted { 443 } else { 80 };
        let port = if self.port == usual { String::new() } else { format!(":{}", self.port) };
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {host}{port}\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            for part in [name.as_bytes(), b": ", value, b"\r\n"] {
                head.extend(part);
            }
        }
        let length = match self.body {
            // Servers want to be told of the body that these methods have for a rule.
            RequestBody::None if matches!(self.method, "POST" | "PUT" | "PATCH") => "Content-Length: 0\r\n".to_owned(),
            RequestBody::None => String::new(),
            RequestBody::Exactly(length) => format!("Content-Length: {length}\r\n"),
            RequestBody::Unknown => "Transfer-Encoding: chunked\r\n".to_owned(),
        };
        head.extend(length.as_bytes());
        head.extend(b"Connection: close\r\n\r\n");
        head
    }
}

/// Whether a header is about the connection or the body's end, which are the host's.
pub(crate) fn is_ours(name: &str) -> bool {
    is_forbidden(name) || FRAMING.iter().any(|framing| framing.eq_ignore_ascii_case(name))
}

fn is_token(name: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(token)
}

/// What goes out.
pub(super) struct Sent {
    waiting: Vec<u8>,
    /// How much of it has gone.
    at: usize,
    /// What is still to come.
    body: RequestBody,
    /// Fields that are the host's to say to this one, and so not said behind the body either.
    secrets: Vec<String>,
}

impl Sent {
    pub(super) fn new(request: &HttpRequest<'_>, host: &NetworkHost, secrets: Vec<String>) -> Self {
        Self { waiting: request.head(host), at: 0, body: request.body, secrets }
    }

    /// What can be sent now.
    pub(super) fn ready(&self) -> &[u8] {
        self.waiting.get(self.at..).unwrap_or_default()
    }

    pub(super) fn went(&mut self, len: usize) {
        self.at += len;
        if self.at >= self.waiting.len() {
            (self.waiting, self.at) = (Vec::new(), 0);
        }
    }

    /// Takes some of the body, when nothing waits any more; how many bytes.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<usize, NetError> {
        let bytes = bytes.get(..MAX_WAITING).unwrap_or(bytes);
        match &mut self.body {
            _ if bytes.is_empty() => {}
            RequestBody::Unknown => {
                self.waiting.extend(format!("{:x}\r\n", bytes.len()).as_bytes());
                self.waiting.extend(bytes);
                self.waiting.extend(b"\r\n");
            }
            RequestBody::Exactly(left) if *left >= bytes.len() as u64 => {
                *left -= bytes.len() as u64;
                self.waiting.extend(bytes);
            }
            _ => return Err(NetError::request(RequestFault::Body, "the body is longer than was said")),
        }
        Ok(bytes.len())
    }

    pub(super) fn end(&mut self, trailers: &HeaderMap) -> Result<(), NetError> {
        match self.body {
            RequestBody::None | RequestBody::Exactly(0) => {}
            RequestBody::Exactly(_) => {
                return Err(NetError::request(RequestFault::Body, "the body is shorter than was said"));
            }
            RequestBody::Unknown => {
                self.waiting.extend(b"0\r\n");
                let is_secret = |name: &str| self.secrets.iter().any(|secret| secret.eq_ignore_ascii_case(name));
                let kept = |name: &str| !is_ours(name) && !is_secret(name);
                for (name, value) in trailers.iter().filter(|(name, _)| kept(name.as_str())) {
                    for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                        self.waiting.extend(part);
                    }
                }
                self.waiting.extend(b"\r\n");
            }
        }
        self.body = RequestBody::None;
        Ok(())
    }
}
