//! Requests that guests make: what they are to say, before they are sent.

use std::sync::Arc;

use http::{Method, uri::Authority, uri::PathAndQuery};

use super::{Map, Message, OutgoingBody, Pipe, foreign};
use crate::host::{Host, Stop, handles::Handle, wasi2::Lent};

/// A request that a guest makes.
pub(crate) struct Query {
    pub(crate) method: Method,
    /// None is https.
    pub(crate) scheme: Option<String>,
    pub(crate) authority: Option<Authority>,
    pub(crate) path: Option<PathAndQuery>,
    pub(crate) fields: Arc<Map>,
    body: Arc<Pipe>,
    is_body_taken: bool,
    /// What its texts take of the guest's memory.
    _lent: Lent,
}

/// Bytes of an authority or a path at most, and all that a request's texts take.
pub(crate) const MAX_TEXT: usize = 8 << 10;
const TEXTS: u64 = 3 * MAX_TEXT as u64;

/// How long a guest wants to wait at most: for a connection, the first byte, or between bytes.
#[derive(Clone, Copy)]
pub(crate) enum Time {
    Connect,
    FirstByte,
    BetweenBytes,
}

impl Host {
    pub(crate) fn new_query(&mut self, fields: u32) -> Result<u32, Stop> {
        let fields = self.take_fields(fields)?;
        let mut texts = self.lend(0)?;
        texts.grow(TEXTS)?;
        let body = self.new_body(fields.map())?;
        let query = Query {
            method: Method::GET,
            scheme: None,
            authority: None,
            path: None,
            fields,
            body,
            is_body_taken: false,
            _lent: texts,
        };
        self.keep(Message::Query(Box::new(query)))
    }

    pub(crate) fn query(&mut self, number: u32) -> Result<&mut Query, Stop> {
        match self.handles.message(number)? {
            Message::Query(query) => Ok(query),
            _ => Err(foreign()),
        }
    }

    pub(crate) fn query_fields(&mut self, number: u32) -> Result<u32, Stop> {
        let fields = Arc::clone(&self.query(number)?.fields);
        self.keep(Message::Fields(super::Fields::fixed(fields)))
    }

    /// The body of a request; only once.
    pub(crate) fn query_body(&mut self, number: u32) -> Result<Option<u32>, Stop> {
        let query = self.query(number)?;
        if std::mem::replace(&mut query.is_body_taken, true) {
            return Ok(None);
        }
        let body = OutgoingBody { pipe: Arc::clone(&query.body), is_streamed: false };
        self.keep(Message::Outgoing(body)).map(Some)
    }

    pub(crate) fn take_query(&mut self, number: u32) -> Result<Query, Stop> {
        match self.handles.remove(number)? {
            Handle::Message(Message::Query(query)) => Ok(*query),
            _ => Err(foreign()),
        }
    }

    pub(crate) fn new_options(&mut self) -> Result<u32, Stop> {
        self.keep(Message::Options([None; 3]))
    }

    /// Nanoseconds.
    pub(crate) fn option(&mut self, number: u32, time: Time) -> Result<&mut Option<u64>, Stop> {
        match self.handles.message(number)? {
            Message::Options([connect, first, between]) => Ok(match time {
                Time::Connect => connect,
                Time::FirstByte => first,
                Time::BetweenBytes => between,
            }),
            _ => Err(foreign()),
        }
    }
}
