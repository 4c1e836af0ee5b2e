//! HTTP messages as guests hold them, whatever the engine: what each function of `wasi:http/types` does, in plain numbers and
//! bytes. A body goes through a [`Pipe`], whose other side is the server's.

mod fields;
mod in_flight;
mod outgoing;
mod pipe;

use std::{collections::BTreeMap, sync::Arc};

use http::{HeaderMap, Method, Request, Response, StatusCode, header::CONTENT_LENGTH, request::Parts};
use tokio::sync::oneshot;

pub(crate) use self::{
    fields::{FieldFault, Fields, Map, is_forbidden},
    in_flight::Failure,
    outgoing::{MAX_TEXT, OutgoingRequest, ResponseState, Timeout, place},
    pipe::{End, Flow, Pipe, Taken, Way},
};
use self::{
    fields::{MAX_BYTES, bytes},
    in_flight::{InFlight, IncomingResponse},
    outgoing::Timeouts,
    pipe::CAPACITY,
};
use super::{
    Host, Step, Stop,
    handles::{Handle, Input, Output, Pollable, foreign},
    http_frame::Serving,
    wasi2::{Fault, Lent, WrongLength},
};
use crate::vfs::Errno;

/// A request that a guest is to answer.
pub(crate) struct Exchange {
    pub(crate) request: Request<Arc<Pipe>>,
    pub(crate) answer: oneshot::Sender<Answered>,
}

/// A guest's answer, or the code that it says it has none for.
pub(crate) type Answered = Result<Response<Arc<Pipe>>, String>;

/// What there is of HTTP beside handles.
#[derive(Default)]
pub(super) struct Http {
    /// Whether the request that came in wants no body.
    asked_for_head: bool,
    /// The request that a script answers.
    pub(super) serving: Option<Serving>,
    /// The guest's own requests, by numbers of theirs.
    in_flight: BTreeMap<u32, InFlight>,
    next: u32,
}

/// One thing of HTTP that a guest holds, by its name in `wasi:http/types`.
pub(crate) enum Message {
    Fields(Fields),
    IncomingRequest {
        head: Arc<Parts>,
        fields: Arc<Map>,
        body: Option<Arc<Pipe>>,
    },
    ResponseOutparam(oneshot::Sender<Answered>),
    OutgoingResponse(OutgoingResponse),
    IncomingBody {
        pipe: Arc<Pipe>,
        is_streamed: bool,
    },
    FutureTrailers {
        pipe: Arc<Pipe>,
        is_taken: bool,
    },
    OutgoingBody(OutgoingBody),
    OutgoingRequest(Box<OutgoingRequest>),
    RequestOptions(Timeouts),
    /// The number of a request in flight, until its outcome was taken.
    FutureResponse(Option<u32>),
    IncomingResponse(IncomingResponse),
}

/// A response that a guest makes.
pub(crate) struct OutgoingResponse {
    status: StatusCode,
    fields: Arc<Map>,
    body: Arc<Pipe>,
    is_body_taken: bool,
}

/// A body that a guest writes. One that goes before it is finished is broken.
pub(crate) struct OutgoingBody {
    pipe: Arc<Pipe>,
    is_streamed: bool,
}

impl Drop for OutgoingBody {
    fn drop(&mut self) {
        self.pipe.end(End::Broken(Errno::Connreset));
    }
}

/// What comes behind a body.
#[derive(Debug)]
pub(crate) enum TrailersState {
    Pending,
    /// It has come, and was given out.
    Taken,
    /// It never comes.
    Broken(Errno),
    Fields(Option<u32>),
}

/// Why an answer cannot be given.
#[derive(Debug)]
pub(crate) enum MessageFault {
    /// The body has another length than was said.
    Length(WrongLength),
    /// Its fields, or those behind its body, are longer than anyone takes: their bytes.
    Fields {
        is_request: bool,
        in_trailers: bool,
        bytes: u64,
    },
    /// A request cannot be made.
    Failure(Failure),
    Stop(Stop),
}

impl From<Stop> for MessageFault {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl Host {
    /// Takes a request that the guest is to answer: the numbers of the request, and of what takes the answer.
    pub(crate) fn accept(&mut self, exchange: Exchange) -> Result<(u32, u32), Stop> {
        let (mut head, body) = exchange.request.into_parts();
        let fields = Map::of(std::mem::take(&mut head.headers));
        self.http.asked_for_head = head.method == Method::HEAD;
        body.tells(self.changed());
        let request = self.keep(Message::IncomingRequest { head: Arc::new(head), fields, body: Some(body) })?;
        let answer = self.keep(Message::ResponseOutparam(exchange.answer))?;
        Ok((request, answer))
    }

    fn keep(&mut self, message: Message) -> Result<u32, Stop> {
        self.handles.insert(Handle::Message(message))
    }

    /// Fields that are still empty.
    pub(crate) fn new_fields(&mut self) -> Result<u32, Stop> {
        let lent = self.lend(0)?;
        self.keep(Message::Fields(Fields::new(lent)))
    }

    pub(crate) fn copy_fields(&mut self, fields: u32) -> Result<u32, Stop> {
        let lent = self.lend(0)?;
        let copy = self.fields(fields)?.copy(lent)?;
        self.keep(Message::Fields(copy))
    }

    pub(crate) fn fields(&mut self, number: u32) -> Result<&mut Fields, Stop> {
        match self.handles.message(number)? {
            Message::Fields(fields) => Ok(fields),
            _ => Err(foreign()),
        }
    }

    fn take_fields(&mut self, number: u32) -> Result<Arc<Map>, Stop> {
        match self.handles.remove(number)? {
            Handle::Message(Message::Fields(fields)) => Ok(fields.into_map()),
            _ => Err(foreign()),
        }
    }

    /// The head of the request that came in, without its fields.
    pub(crate) fn incoming_request_head(&mut self, number: u32) -> Result<Arc<Parts>, Stop> {
        match self.handles.message(number)? {
            Message::IncomingRequest { head, .. } => Ok(Arc::clone(head)),
            _ => Err(foreign()),
        }
    }

    pub(crate) fn incoming_request_fields(&mut self, number: u32) -> Result<u32, Stop> {
        let fields = match self.handles.message(number)? {
            Message::IncomingRequest { fields, .. } => Arc::clone(fields),
            _ => return Err(foreign()),
        };
        self.keep(Message::Fields(Fields::fixed(fields)))
    }

    /// The body of the request that came in; only once.
    pub(crate) fn incoming_request_body(&mut self, number: u32) -> Result<Option<u32>, Stop> {
        let body = match self.handles.message(number)? {
            Message::IncomingRequest { body, .. } => body.take(),
            _ => return Err(foreign()),
        };
        body.map(|pipe| self.keep(Message::IncomingBody { pipe, is_streamed: false })).transpose()
    }

    /// A stream of a body that came in; only once.
    pub(crate) fn body_stream(&mut self, number: u32) -> Result<Option<u32>, Stop> {
        let pipe = match self.handles.message(number)? {
            Message::IncomingBody { is_streamed: true, .. } => return Ok(None),
            Message::IncomingBody { pipe, is_streamed } => {
                *is_streamed = true;
                Arc::clone(pipe)
            }
            _ => return Err(foreign()),
        };
        self.handles.insert(Handle::Input(Input::Body(pipe))).map(Some)
    }

    /// Reads nothing more of a body: what comes behind it.
    pub(crate) fn finish_reading(&mut self, number: u32) -> Result<u32, Stop> {
        match self.handles.remove(number)? {
            Handle::Message(Message::IncomingBody { pipe, .. }) => {
                pipe.stop_reading();
                self.keep(Message::FutureTrailers { pipe, is_taken: false })
            }
            _ => Err(foreign()),
        }
    }

    /// What came behind a body.
    pub(crate) fn trailers(&mut self, number: u32) -> Result<TrailersState, Stop> {
        self.drive_requests()?;
        let end = match self.handles.message(number)? {
            Message::FutureTrailers { is_taken: true, .. } => return Ok(TrailersState::Taken),
            Message::FutureTrailers { pipe, is_taken } => {
                let end = pipe.ended();
                *is_taken = end.is_some();
                end
            }
            _ => return Err(foreign()),
        };
        Ok(match end {
            None => TrailersState::Pending,
            Some(End::Broken(errno)) => TrailersState::Broken(errno),
            Some(End::Whole(None)) => TrailersState::Fields(None),
            Some(End::Whole(Some(map))) => {
                let lent = self.lend(0)?;
                let fields = self.keep(Message::Fields(Fields::fixed(Map::charged(map, lent)?)))?;
                TrailersState::Fields(Some(fields))
            }
        })
    }

    /// Something that comes with what is behind a body.
    pub(crate) fn trailers_pollable(&mut self, number: u32) -> Result<u32, Stop> {
        let pipe = match self.handles.message(number)? {
            Message::FutureTrailers { pipe, .. } => Arc::clone(pipe),
            _ => return Err(foreign()),
        };
        self.handles.insert(Handle::Pollable(Pollable::Body(pipe, Way::Reads)))
    }

    /// A response with these fields, which are its own from here on.
    pub(crate) fn new_outgoing_response(&mut self, fields: u32) -> Result<u32, Stop> {
        let fields = self.take_fields(fields)?;
        let room = self.room_of_body()?;
        let body = Pipe::of_guest(self.changed(), content_length(fields.map()), room);
        if self.http.asked_for_head {
            body.forget();
        }
        let (status, is_body_taken) = (StatusCode::OK, false);
        self.keep(Message::OutgoingResponse(OutgoingResponse { status, fields, body, is_body_taken }))
    }

    /// What a body that the guest is to write takes of its memory: as much as can be on the way, and behind it.
    fn room_of_body(&mut self) -> Result<Lent, Stop> {
        let mut lent = self.lend(0)?;
        lent.grow((CAPACITY + MAX_BYTES) as u64)?;
        Ok(lent)
    }

    fn outgoing_response(&mut self, number: u32) -> Result<&mut OutgoingResponse, Stop> {
        match self.handles.message(number)? {
            Message::OutgoingResponse(response) => Ok(response),
            _ => Err(foreign()),
        }
    }

    pub(crate) fn status(&mut self, response: u32) -> Result<u16, Stop> {
        Ok(self.outgoing_response(response)?.status.as_u16())
    }

    /// Whether it is a status that an answer can have: there are none beyond the fifth class (RFC 9110, 15).
    pub(crate) fn set_status(&mut self, response: u32, status: u16) -> Result<bool, Stop> {
        let status = StatusCode::from_u16(status).ok().filter(|status| (200..600).contains(&status.as_u16()));
        let response = self.outgoing_response(response)?;
        response.status = status.unwrap_or(response.status);
        Ok(status.is_some())
    }

    pub(crate) fn outgoing_response_fields(&mut self, response: u32) -> Result<u32, Stop> {
        let fields = Arc::clone(&self.outgoing_response(response)?.fields);
        self.keep(Message::Fields(Fields::fixed(fields)))
    }

    /// The body of a response; only once.
    pub(crate) fn outgoing_response_body(&mut self, response: u32) -> Result<Option<u32>, Stop> {
        let response = self.outgoing_response(response)?;
        if std::mem::replace(&mut response.is_body_taken, true) {
            return Ok(None);
        }
        let body = OutgoingBody { pipe: Arc::clone(&response.body), is_streamed: false };
        self.keep(Message::OutgoingBody(body)).map(Some)
    }

    /// A stream of a body that is to be written; only once.
    pub(crate) fn body_sink(&mut self, number: u32) -> Result<Option<u32>, Stop> {
        let sink = match self.handles.message(number)? {
            Message::OutgoingBody(OutgoingBody { is_streamed: true, .. }) => return Ok(None),
            Message::OutgoingBody(body) => {
                body.is_streamed = true;
                Output::Body(Arc::clone(&body.pipe))
            }
            _ => return Err(foreign()),
        };
        self.handles.insert(Handle::Output(sink)).map(Some)
    }

    /// Ends a body, with what comes behind it.
    pub(crate) fn finish_writing(&mut self, number: u32, trailers: Option<u32>) -> Result<(), MessageFault> {
        let trailers = trailers.map(|fields| self.take_fields(fields)).transpose()?;
        let Handle::Message(Message::OutgoingBody(body)) = self.handles.remove(number)? else {
            return Err(foreign().into());
        };
        // One that has an end already was longer than was said.
        let is_wrong = body.pipe.has_end() || body.pipe.length().is_some_and(|length| length != body.pipe.sent());
        if is_wrong && !body.pipe.is_unwanted() {
            return Err(MessageFault::Length(body.pipe.wrong_length()));
        }
        if let Some(trailers) = &trailers {
            check_fields(trailers.map(), body.pipe.is_request(), true)?;
        }
        body.pipe.end(End::Whole(trailers.map(Map::into_map)));
        Ok(())
    }

    /// Answers with a response, or with the code of why there is none.
    pub(crate) fn answer_request(&mut self, answer: u32, response: Result<u32, String>) -> Result<(), MessageFault> {
        let Handle::Message(Message::ResponseOutparam(send)) = self.handles.remove(answer)? else {
            return Err(foreign().into());
        };
        let response = match response {
            Ok(response) => response,
            Err(code) => {
                // Who asked may have gone.
                drop(send.send(Err(code)));
                return Ok(());
            }
        };
        let Handle::Message(Message::OutgoingResponse(outgoing)) = self.handles.remove(response)? else {
            return Err(foreign().into());
        };
        check_fields(outgoing.fields.map(), false, false)?;
        if !says_one_length(outgoing.fields.map()) {
            let message = "a response says its length twice, or not as a number";
            return Err(Stop::Trap(message.to_owned()).into());
        }
        if [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&outgoing.status) {
            outgoing.body.forget();
        }
        if !outgoing.is_body_taken {
            let says_more = outgoing.body.length().is_some_and(|length| length > 0) && !outgoing.body.is_unwanted();
            outgoing.body.end(if says_more { End::Broken(Errno::Connreset) } else { End::Whole(None) });
        }
        let mut response = Response::new(outgoing.body);
        *response.status_mut() = outgoing.status;
        *response.headers_mut() = outgoing.fields.into_map();
        // Who asked may have gone; then nobody reads the body either.
        if let Err(Ok(response)) = send.send(Ok(response)) {
            response.body().stop_reading();
        }
        Ok(())
    }
}

/// Writes a piece of a body; how much of it there was room for.
pub(super) fn write_body(pipe: &Arc<Pipe>, bytes: &[u8]) -> Result<Step<usize>, Fault> {
    if pipe.has_no_reader() || pipe.has_end() {
        return Err(Fault::Closed);
    }
    let len = bytes.len().min(pipe.room());
    let is_counted = !pipe.is_unwanted();
    if is_counted && pipe.length().is_some_and(|length| pipe.sent().saturating_add(len as u64) > length) {
        pipe.overflow(bytes.len());
        return Err(Fault::Length(pipe.wrong_length()));
    }
    if len == 0 {
        return Ok(Step::Wait(pipe.wait(Way::Writes)));
    }
    pipe.send(bytes.get(..len).unwrap_or_default());
    Ok(Step::Done(len))
}

/// Reads what has come of a body into `bytes`; nothing at its end.
pub(super) fn read_body(pipe: &Arc<Pipe>, bytes: &mut [u8]) -> Result<Step<usize>, Fault> {
    match pipe.take(bytes.len()) {
        None => Ok(Step::Wait(pipe.wait(Way::Reads))),
        Some(Taken::End(End::Whole(_))) => Ok(Step::Done(0)),
        Some(Taken::End(End::Broken(errno))) => Err(errno.into()),
        Some(Taken::Piece(piece)) => {
            bytes.iter_mut().zip(&piece).for_each(|(room, byte)| *room = *byte);
            Ok(Step::Done(piece.len()))
        }
    }
}

fn content_length(fields: &HeaderMap) -> Option<u64> {
    let said = fields.get(CONTENT_LENGTH)?.to_str().ok()?;
    said.parse().ok().filter(|_| said.bytes().all(|byte| byte.is_ascii_digit()))
}

fn check_fields(fields: &HeaderMap, is_request: bool, in_trailers: bool) -> Result<(), MessageFault> {
    match bytes(fields) {
        size if size > MAX_BYTES => Err(MessageFault::Fields { is_request, in_trailers, bytes: size as u64 }),
        _ => Ok(()),
    }
}

/// Whether a length that is said is said once, and as a number.
fn says_one_length(fields: &HeaderMap) -> bool {
    let said = fields.get_all(CONTENT_LENGTH).iter().count();
    matches!((said, content_length(fields)), (0, _) | (1, Some(_)))
}
