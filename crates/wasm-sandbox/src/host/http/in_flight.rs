//! Requests of the guest's that are under way: they go on whenever it waits, or asks how far something has come, over the client
//! that `fetch` has. What may be reached, is counted and is written down is decided there.

use std::{
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use bytes::{Buf, Bytes};

use super::{
    End, Map, OutgoingRequest, Pipe, Taken,
    outgoing::{Timeout, Timeouts},
    pipe::CAPACITY,
};
use crate::{
    host::{
        Host, Stop, Wait,
        net::{HttpHead, NetError, NetErrorKind, NetEvent, Progress, RequestFault},
    },
    vfs::Errno,
};

/// Bytes that go at once between the connection and a body.
const PIECE: usize = 16 << 10;

/// Pieces of an answer that are received before it is looked whether the guest still may wait: a server may send them a byte at a
/// time.
const PIECES: usize = 256;

/// A request under way, until its answer was taken and read.
pub(super) struct InFlight {
    stage: Stage,
    timeouts: Timeouts,
    /// When it has to have come further.
    until: Option<Instant>,
    /// The request's body, and what was taken out of it and has not gone.
    body: Arc<Pipe>,
    rest: Bytes,
    /// Whether something of it is still to be sent.
    sends: bool,
    /// Why it could not be sent. There may be an answer all the same.
    unsent: Option<NetError>,
    /// What the guest has not taken yet.
    outcome: Option<Result<IncomingResponse, Failure>>,
}

/// How far a request has come; the numbers are the client's.
enum Stage {
    /// To be begun: what the guest does before it waits says how the body is sent.
    New(Box<OutgoingRequest>),
    Asked {
        request: u32,
        is_connected: bool,
    },
    /// The body goes where the guest reads it, as long as it holds that.
    Answered {
        request: u32,
        body: Weak<Pipe>,
    },
    Over,
}

/// An answer whose body comes.
pub(crate) struct IncomingResponse {
    pub(super) status: u16,
    pub(super) fields: Arc<Map>,
    pub(super) body: Option<Arc<Pipe>>,
}

/// Why there is no answer.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) error: NetError,
    /// Whether there was a connection.
    pub(crate) was_connected: bool,
}

/// What came of driving requests.
#[derive(Default)]
pub(crate) struct Driven {
    /// Whether one has come further.
    pub(crate) moved: bool,
    /// Whether none can be begun until another has ended.
    is_full: bool,
    event: Option<NetEvent>,
    until: Option<Instant>,
}

impl Driven {
    /// What a call waits for, or until one of the requests can go on.
    pub(crate) fn or(self, wait: Wait) -> Wait {
        let wait = wait.or(self.until);
        self.event.into_iter().fold(wait, |wait, event| wait.or_event(Box::new(event)))
    }

    /// What has been done; none if it has to be waited for.
    fn done<T>(&mut self, progress: Progress<T>) -> Option<Result<T, NetError>> {
        match progress {
            Progress::Done(outcome) => {
                self.moved = true;
                Some(outcome)
            }
            Progress::Wait(event) => {
                self.event = Some(match self.event.take() {
                    Some(other) => other.or(event),
                    None => event,
                });
                None
            }
        }
    }
}

impl Host {
    /// Has the guest's requests go on as far as they can.
    pub(crate) fn drive_requests(&mut self) -> Result<Driven, Stop> {
        let mut driven = Driven::default();
        if self.http.in_flight.is_empty() {
            return Ok(driven);
        }
        let mut in_flight = std::mem::take(&mut self.http.in_flight);
        let gone = in_flight.values_mut().try_for_each(|request| request.drive(self, &mut driven));
        in_flight.retain(|_, request| !request.is_over());
        self.http.in_flight = in_flight;
        gone.map(|()| driven)
    }

    /// Begins to drive a request; its number here.
    pub(super) fn drive(&mut self, request: OutgoingRequest, timeouts: Timeouts) -> u32 {
        let number = self.http.next;
        self.http.next = number.wrapping_add(1);
        self.http.in_flight.insert(number, InFlight::new(request, timeouts));
        number
    }

    /// Whether a request's outcome is known; also of one that is no more.
    pub(in crate::host) fn is_answered(&self, number: u32) -> bool {
        self.http.in_flight.get(&number).is_none_or(InFlight::is_answered)
    }

    pub(super) fn take_outcome(&mut self, number: u32) -> Option<Result<IncomingResponse, Failure>> {
        self.http.in_flight.get_mut(&number)?.outcome.take()
    }

    /// Gives up a request that nobody wants to know the outcome of.
    pub(in crate::host) fn give_up(&mut self, number: u32) {
        if let Some(mut request) = self.http.in_flight.remove(&number) {
            request.close(self);
        }
    }
}

impl InFlight {
    fn new(request: OutgoingRequest, timeouts: Timeouts) -> Self {
        let body = Arc::clone(&request.body);
        let stage = Stage::New(Box::new(request));
        Self { stage, timeouts, until: None, body, rest: Bytes::new(), sends: true, unsent: None, outcome: None }
    }

    /// Whether its outcome is known; the guest may have it.
    fn is_answered(&self) -> bool {
        self.outcome.is_some() || matches!(self.stage, Stage::Answered { .. } | Stage::Over)
    }

    fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over) && self.outcome.is_none()
    }

    /// It has to have come further in the time that the guest gives for that.
    fn expect(&mut self, timeout: Timeout) {
        self.until =
            self.timeouts.of(timeout).and_then(|nanos| Instant::now().checked_add(Duration::from_nanos(nanos)));
    }

    fn drive(&mut self, host: &mut Host, driven: &mut Driven) -> Result<(), Stop> {
        let moved = std::mem::take(&mut driven.moved);
        if matches!(self.stage, Stage::New(_)) {
            self.begin(host, driven)?;
        }
        if let Stage::Asked { request, .. } = self.stage {
            self.send(host, driven, request)?;
            self.ask(host, driven)?;
        }
        if let Stage::Answered { request, .. } = self.stage {
            self.send(host, driven, request)?;
            self.receive(host, driven)?;
        }
        if !driven.moved && self.is_late() {
            self.fail(host, NetError::timed_out("the request"));
            driven.moved = true;
        }
        driven.until = [driven.until, self.until].into_iter().flatten().min();
        driven.moved |= moved;
        Ok(())
    }

    fn is_late(&self) -> bool {
        self.until.is_some_and(|until| until <= Instant::now())
    }

    fn begin(&mut self, host: &mut Host, driven: &mut Driven) -> Result<(), Stop> {
        if self.until.is_none() {
            // What the guest did before it waited is no time of the network's.
            self.expect(Timeout::Connect);
        }
        // No connection is made in no time, however fast the network is.
        if driven.is_full || self.is_late() {
            return Ok(());
        }
        let Stage::New(request) = &self.stage else { return Ok(()) };
        let begun = match request.to_http() {
            Ok(request) => host.http_begin(&request)?,
            Err(error) => Progress::Done(Err(error)),
        };
        match driven.done(begun) {
            None => driven.is_full = true,
            Some(Ok(request)) => self.stage = Stage::Asked { request, is_connected: false },
            Some(Err(error)) => self.fail(host, error),
        }
        Ok(())
    }

    /// Sends what the guest has written.
    fn send(&mut self, host: &mut Host, driven: &mut Driven, request: u32) -> Result<(), Stop> {
        while self.sends {
            let sent = if self.rest.is_empty() {
                match self.body.take(PIECE) {
                    None => return Ok(()),
                    Some(Taken::Piece(piece)) => {
                        (self.rest, driven.moved) = (piece, true);
                        continue;
                    }
                    Some(Taken::End(End::Whole(trailers))) => {
                        let ended = host.http_end(request, &trailers.unwrap_or_default())?;
                        driven.done(ended).map(|ended| ended.map(|()| self.sends = false))
                    }
                    Some(Taken::End(End::Broken(_))) => {
                        self.fail(host, NetError::request(RequestFault::Body, "the request's body broke off"));
                        driven.moved = true;
                        return Ok(());
                    }
                }
            } else {
                let sent = host.http_send(request, &self.rest)?;
                driven.done(sent).map(|sent| sent.map(|sent| self.rest.advance(sent.min(self.rest.len()))))
            };
            match sent {
                None => return Ok(()),
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    (self.sends, self.unsent) = (false, Some(error));
                    self.body.stop_reading();
                }
            }
        }
        Ok(())
    }

    /// Looks for the answer.
    fn ask(&mut self, host: &mut Host, driven: &mut Driven) -> Result<(), Stop> {
        let Stage::Asked { request, is_connected } = self.stage else { return Ok(()) };
        let answer = host.http_answer(request)?;
        if !is_connected && host.http_is_connected(request) {
            self.stage = Stage::Asked { request, is_connected: true };
            self.expect(Timeout::FirstByte);
        }
        match driven.done(answer) {
            None => {}
            Some(Ok(head)) => match IncomingResponse::new(host, head)? {
                Ok((answer, body)) => {
                    self.stage = Stage::Answered { request, body };
                    self.outcome = Some(Ok(answer));
                    self.expect(Timeout::BetweenBytes);
                }
                Err(error) => self.fail(host, error),
            },
            Some(Err(error)) => {
                let error = self.unsent.take().unwrap_or(error);
                self.fail(host, error);
            }
        }
        Ok(())
    }

    /// Receives as much as the guest has room for.
    fn receive(&mut self, host: &mut Host, driven: &mut Driven) -> Result<(), Stop> {
        let Stage::Answered { request, body } = &self.stage else { return Ok(()) };
        let (request, Some(body)) = (*request, body.upgrade().filter(|body| !body.has_no_reader())) else {
            // Nobody reads it any more.
            self.close(host);
            driven.moved = true;
            return Ok(());
        };
        let mut room = vec![0; PIECE];
        for _ in 0..PIECES {
            let most = body.room().min(PIECE);
            let piece = room.get_mut(..most).unwrap_or_default();
            if piece.is_empty() {
                // As long as the guest does not read, the server is not late.
                self.until = None;
                return Ok(());
            }
            match driven.done(host.http_receive(request, piece)?) {
                None => {
                    if self.until.is_none() {
                        self.expect(Timeout::BetweenBytes);
                    }
                    return Ok(());
                }
                Some(Ok(0)) => {
                    body.end(End::Whole(host.http_trailers(request)));
                    self.close(host);
                    return Ok(());
                }
                Some(Ok(len)) => {
                    body.send(piece.get(..len).unwrap_or_default());
                    self.expect(Timeout::BetweenBytes);
                }
                Some(Err(error)) => {
                    self.fail(host, error);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Ends it for a reason that the guest is told: as the outcome, or in the middle of the answer's body.
    fn fail(&mut self, host: &mut Host, error: NetError) {
        match &self.stage {
            Stage::Answered { body, .. } => {
                if let Some(body) = body.upgrade() {
                    body.end(End::Broken(why(&error)));
                }
            }
            stage => {
                let was_connected = matches!(stage, Stage::Asked { is_connected: true, .. });
                self.outcome = Some(Err(Failure { error, was_connected }));
            }
        }
        self.close(host);
    }

    fn close(&mut self, host: &mut Host) {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Asked { request, .. } => host.http_close(request),
            Stage::Answered { request, body } => {
                host.http_close(request);
                if let Some(body) = body.upgrade() {
                    // What comes behind a body that nobody reads is nothing.
                    body.end(End::Whole(None));
                }
            }
            Stage::New(_) | Stage::Over => {}
        }
        (self.sends, self.until, self.rest) = (false, None, Bytes::new());
        self.body.stop_reading();
    }
}

impl IncomingResponse {
    /// An answer with this head, and its body, which the host is not to keep. What both take is of the guest's memory.
    fn new(host: &mut Host, head: HttpHead) -> Result<Result<(Self, Weak<Pipe>), NetError>, Stop> {
        let (fields, mut room) = (host.lend(0)?, host.lend(0)?);
        let Some(fields) = Map::received(head.headers, fields)? else {
            let message = "the answer cannot be used: a header of it is none";
            return Ok(Err(NetError::new(NetErrorKind::Response, message)));
        };
        room.grow(CAPACITY as u64)?;
        let body = Pipe::of_guest(host.changed(), None, room);
        let weak = Arc::downgrade(&body);
        Ok(Ok((Self { status: head.status, fields, body: Some(body) }, weak)))
    }
}

/// What a guest is told in the middle of a body.
fn why(error: &NetError) -> Errno {
    match error.kind {
        NetErrorKind::TimedOut => Errno::Timedout,
        NetErrorKind::Response => Errno::Badmsg,
        _ => Errno::Connreset,
    }
}
