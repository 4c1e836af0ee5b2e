//! HTTP/1.1 requests, each on a connection of its own: what such a connection may do, counts and is refused is decided where
//! every other's is. Nothing here follows a redirect, keeps a connection for another request or takes compression apart.

mod answer;
mod body;
mod request;

use std::sync::Arc;

use ::http::HeaderMap;

pub(crate) use self::{
    answer::HttpHead,
    request::{HttpRequest, RequestBody, is_ours},
};
use self::{
    answer::{LONG_HEAD, Parsed},
    body::{Body, Next},
    request::Sent,
};
use super::{Interest, NetError, NetErrorKind, NetEvent, NetResult, Open, Progress, Waited};
use crate::host::Host;

/// Bytes that are taken in at once while it is looked where an answer's parts end.
const PIECE: usize = 16 << 10;

/// The protocol that is offered where the connection is encrypted.
const PROTOCOLS: [&str; 1] = ["http/1.1"];

/// One request and its answer. Its number is its connection's.
pub(super) struct Exchange {
    connection: u32,
    /// Whom the other side has to show to be, as long as it has not.
    server: Option<String>,
    sent: Sent,
    /// What was received and not yet understood.
    input: Vec<u8>,
    /// How much of it was looked at.
    looked: usize,
    answer: Answer,
    /// What came behind the answer.
    trailers: Option<HeaderMap>,
    /// Whether the connection is what it has to be.
    is_connected: bool,
    /// What it waits for: several things may be asked of it at a time.
    waits: Vec<(Arc<dyn Waited>, Interest)>,
}

/// How far the answer has come.
enum Answer {
    /// The head is to come, after so many bytes of others that were not the answer yet.
    Head {
        before: usize,
        to_head: bool,
    },
    Body(Body),
}

/// The value of what is done; anything else is handed on.
macro_rules! done {
    ($progress:expr) => {
        match $progress {
            Progress::Done(Ok(value)) => value,
            Progress::Done(Err(error)) => return Ok(Progress::Done(Err(error))),
            Progress::Wait(event) => return Ok(Progress::Wait(event)),
        }
    };
}

impl Host {
    /// Whether a request may be made, as far as what it says tells.
    pub(crate) fn http_check(&mut self, request: &HttpRequest<'_>) -> Result<(), NetError> {
        request.check()?;
        self.net.check("connect", request.host, Some(request.port)).map(drop)
    }

    /// Begins a request; its number. It goes on whenever something is asked of it.
    pub(crate) fn http_begin(&mut self, request: &HttpRequest<'_>) -> NetResult<u32> {
        if let Err(error) = request.check() {
            return Ok(Progress::Done(Err(error)));
        }
        if let Some(event) = self.net.open.as_mut().and_then(|open| open.place_is_freed()) {
            return Ok(Progress::Wait(event));
        }
        let connection = done!(Progress::Done(self.net_dial(request.host, request.port)?));
        let Some(open) = &mut self.net.open else { return Ok(Progress::Done(Err(NetError::closed()))) };
        let Some(host) = open.connections.get(&connection).map(|connection| connection.host.clone()) else {
            return Ok(Progress::Done(Err(NetError::closed())));
        };
        // Of a connection that was closed by itself nothing is left.
        open.requests.retain(|request, _| open.connections.contains_key(request));
        let secrets = open.shared.grants.secrets_for(&host, request.port);
        let secrets = secrets.filter(|secret| request.encrypted || secret.unencrypted);
        let secrets = secrets.map(|secret| secret.header.clone()).collect();
        let exchange = Exchange {
            connection,
            server: request.encrypted.then(|| host.to_string()),
            sent: Sent::new(request, &host, secrets),
            input: Vec::new(),
            looked: 0,
            answer: Answer::Head { before: 0, to_head: request.method == "HEAD" },
            trailers: None,
            is_connected: false,
            waits: Vec::new(),
        };
        open.requests.insert(connection, exchange);
        Ok(Progress::Done(Ok(connection)))
    }

    /// Sends some of the request's body; how many bytes.
    pub(crate) fn http_send(&mut self, request: u32, bytes: &[u8]) -> NetResult<usize> {
        self.http(request, |exchange, host| {
            done!(exchange.flush(host)?);
            Ok(Progress::Done(exchange.sent.take(bytes)))
        })
    }

    /// Ends the request's body, once all of it is on its way. Trailers go behind one that did not say its length.
    pub(crate) fn http_end(&mut self, request: u32, trailers: &HeaderMap) -> NetResult<()> {
        self.http(request, |exchange, host| match exchange.sent.end(trailers) {
            Ok(()) => exchange.flush(host),
            Err(error) => Ok(Progress::Done(Err(error))),
        })
    }

    /// The head of the answer, which is given once.
    pub(crate) fn http_answer(&mut self, request: u32) -> NetResult<HttpHead> {
        self.http(request, Exchange::head)
    }

    /// Takes some of the answer's body into `room`; how many bytes. None at the end: then the request has to be given up.
    pub(crate) fn http_receive(&mut self, request: u32, room: &mut [u8]) -> NetResult<usize> {
        self.http(request, |exchange, host| exchange.body(host, room))
    }

    /// What came behind an answer whose end has come.
    pub(crate) fn http_trailers(&mut self, request: u32) -> Option<HeaderMap> {
        self.net.open.as_mut()?.requests.get_mut(&request)?.trailers.take()
    }

    /// Whether a request's connection is open, and encrypted if it has to be.
    pub(crate) fn http_is_connected(&self, request: u32) -> bool {
        self.net.open.as_ref().and_then(|open| open.requests.get(&request)).is_some_and(|request| request.is_connected)
    }

    /// Gives a request up, however far it has come.
    pub(crate) fn http_close(&mut self, request: u32) {
        let Some(open) = &mut self.net.open else { return };
        if open.requests.remove(&request).is_none() {
            return;
        }
        if let Some(mut connection) = open.connections.remove(&request) {
            connection.close();
            connection.write_record(&mut self.net.records);
            open.leaving.push(Arc::clone(&connection.link));
        }
    }

    /// What changes when one of these requests has come further; 0 is the next one. It is about what had to be waited for since
    /// this was last asked; none if that is nothing.
    pub(crate) fn http_event(&mut self, requests: &[u32]) -> Option<NetEvent> {
        let open = self.net.open.as_mut()?;
        let mut links = Vec::new();
        for request in requests {
            match open.requests.get_mut(request) {
                Some(exchange) if !exchange.waits.is_empty() => links.append(&mut exchange.waits),
                None if *request == 0 => {
                    links.extend(open.leaving.iter().map(|link| (Arc::clone(link) as Arc<dyn Waited>, Interest::End)))
                }
                _ => return None,
            }
        }
        (!links.is_empty()).then(|| NetEvent::first(links, &open.shared.changed))
    }

    fn http<T>(&mut self, request: u32, act: impl FnOnce(&mut Exchange, &mut Self) -> NetResult<T>) -> NetResult<T> {
        let exchange = self.net.open.as_mut().and_then(|open| open.requests.remove(&request));
        let Some(mut exchange) = exchange else {
            return Ok(Progress::Done(Err(NetError::new(NetErrorKind::NotOpen, "the request is over"))));
        };
        let progress = act(&mut exchange, self)?;
        match &progress {
            Progress::Wait(event) => exchange.wait_for(event),
            Progress::Done(_) => exchange.waits.clear(),
        }
        if let Some(open) = &mut self.net.open {
            open.requests.insert(request, exchange);
        }
        Ok(progress)
    }
}

impl Open {
    /// What frees a place, if all are taken and some of them by connections that are over for the guest.
    fn place_is_freed(&mut self) -> Option<NetEvent> {
        self.leaving.retain(|link| !link.state().is_ready(Interest::End));
        let limit = self.shared.grants.connections;
        let held = u32::try_from(self.connections.len()).unwrap_or(u32::MAX);
        let open = self.shared.open.load(std::sync::atomic::Ordering::SeqCst);
        if self.leaving.is_empty() || held >= limit || open < limit {
            return None;
        }
        let links = self.leaving.iter().map(|link| (Arc::clone(link) as Arc<dyn Waited>, Interest::End));
        Some(NetEvent::first(links.collect(), &self.shared.changed))
    }
}

impl Exchange {
    /// Keeps what is waited for, each once.
    fn wait_for(&mut self, event: &NetEvent) {
        for (link, interest) in event.all() {
            let is_it = |(known, of): &(Arc<dyn Waited>, Interest)| {
                std::ptr::addr_eq(Arc::as_ptr(known), Arc::as_ptr(link)) && of == interest
            };
            if !self.waits.iter().any(is_it) {
                self.waits.push((Arc::clone(link), *interest));
            }
        }
    }

    /// Sends what there is to send, once the connection is what it has to be.
    fn flush(&mut self, host: &mut Host) -> NetResult<()> {
        done!(host.net_opened(self.connection));
        if let Some(server) = &self.server {
            done!(host.net_secure(self.connection, server, &PROTOCOLS));
            self.server = None;
        }
        self.is_connected = true;
        while !self.sent.ready().is_empty() {
            let sent = done!(host.net_send(self.connection, self.sent.ready())?);
            self.sent.went(sent);
        }
        Ok(Progress::Done(Ok(())))
    }

    /// The answer's head. One that comes before all was sent is an answer, too.
    fn head(&mut self, host: &mut Host) -> NetResult<HttpHead> {
        let sending = self.flush(host)?;
        if self.server.is_some() {
            // Whatever comes before the other side has shown who it is comes from anybody.
            return Ok(match sending {
                Progress::Wait(event) => Progress::Wait(event),
                Progress::Done(Err(error)) => Progress::Done(Err(error)),
                Progress::Done(Ok(())) => Progress::Done(Err(NetError::closed())),
            });
        }
        loop {
            let Answer::Head { before, to_head } = &mut self.answer else {
                return Ok(Progress::Done(Err(NetError::new(NetErrorKind::NotOpen, "the answer has begun"))));
            };
            match answer::parse(&self.input, &mut self.looked, *before, *to_head) {
                Err(reason) => return Ok(Progress::Done(Err(wrong(reason)))),
                Ok(Parsed::Head(head, body, len)) => {
                    self.input.drain(..len);
                    (self.answer, self.looked) = (Answer::Body(body), 0);
                    return Ok(Progress::Done(Ok(head)));
                }
                Ok(Parsed::NotYet(len)) => {
                    self.input.drain(..len);
                    (*before, self.looked) = (*before + len, 0);
                }
                Ok(Parsed::More) => match self.fill(host)? {
                    Progress::Done(Ok(1..)) => {}
                    received => return Ok(no_head(received, sending)),
                },
            }
        }
    }

    /// Some of the answer's body, while what was sent last goes out.
    fn body(&mut self, host: &mut Host, room: &mut [u8]) -> NetResult<usize> {
        let sending = self.flush(host)?;
        Ok(match (self.received(host, room)?, sending) {
            // A server that answers need not listen; one that says nothing more may wait for what it has not heard.
            (Progress::Wait(_), Progress::Done(Err(error))) => Progress::Done(Err(error)),
            (Progress::Wait(event), Progress::Wait(sends)) => Progress::Wait(event.or(sends)),
            (received, _) => received,
        })
    }

    fn received(&mut self, host: &mut Host, room: &mut [u8]) -> NetResult<usize> {
        loop {
            let Answer::Body(body) = &mut self.answer else {
                return Ok(Progress::Done(Err(NetError::new(NetErrorKind::NotOpen, "the answer has not begun"))));
            };
            match body.next(&self.input, &mut self.looked) {
                Err(reason) => return Ok(Progress::Done(Err(wrong(reason)))),
                Ok(Next::End) => return Ok(Progress::Done(Ok(0))),
                Ok(Next::Skip(len)) => {
                    self.input.drain(..len.min(self.input.len()));
                    self.looked = 0;
                }
                Ok(Next::Trailers(len, trailers)) => {
                    self.input.drain(..len.min(self.input.len()));
                    (self.looked, self.trailers) = (0, Some(trailers));
                }
                Ok(Next::More) => {
                    if done!(self.fill(host)?) == 0 {
                        return Ok(Progress::Done(Err(wrong("it ends too early"))));
                    }
                }
                Ok(Next::Content(most)) => return self.content(host, room, most),
            }
        }
    }

    /// Bytes of the answer itself, at most so many.
    fn content(&mut self, host: &mut Host, room: &mut [u8], most: u64) -> NetResult<usize> {
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(room.len());
        let Some(room) = room.get_mut(..most).filter(|room| !room.is_empty()) else { return Ok(Progress::Done(Ok(0))) };
        let len = match self.input.len().min(room.len()) {
            0 => done!(host.net_receive(self.connection, room)?),
            len => {
                room.iter_mut().zip(self.input.drain(..len)).for_each(|(room, byte)| *room = byte);
                len
            }
        };
        if len == 0 && host.net.connection(self.connection).is_ok_and(|connection| connection.is_cut()) {
            return Ok(Progress::Done(Err(wrong("it breaks off before the end of its encryption"))));
        }
        let Answer::Body(body) = &mut self.answer else { return Ok(Progress::Done(Ok(0))) };
        Ok(Progress::Done(body.took(len).map(|()| len).map_err(wrong)))
    }

    /// Takes more in; how many bytes.
    fn fill(&mut self, host: &mut Host) -> NetResult<usize> {
        let mut piece = vec![0; PIECE];
        let len = done!(host.net_receive(self.connection, &mut piece)?);
        self.input.extend(piece.iter().take(len));
        Ok(Progress::Done(Ok(len)))
    }
}

/// Why there is no head yet, or will be none: of what went wrong, sending went before.
fn no_head(received: Progress<usize>, sending: Progress<()>) -> Progress<HttpHead> {
    match (received, sending) {
        (_, Progress::Done(Err(error))) | (Progress::Done(Err(error)), _) => Progress::Done(Err(error)),
        (Progress::Done(Ok(_)), _) => Progress::Done(Err(wrong("there is none"))),
        (Progress::Wait(event), Progress::Wait(sends)) => Progress::Wait(event.or(sends)),
        (Progress::Wait(event), Progress::Done(Ok(()))) => Progress::Wait(event),
    }
}

fn wrong(reason: &str) -> NetError {
    let kind = if reason == LONG_HEAD { NetErrorKind::Head } else { NetErrorKind::Response };
    NetError::new(kind, format!("the answer cannot be used: {reason}"))
}

#[cfg(test)]
mod tests;
