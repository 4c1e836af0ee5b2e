//! Requests that guests make: what they are to say, how they are sent, and what comes back.

use std::sync::Arc;

use http::{Method, uri::Authority, uri::PathAndQuery};

use super::{
    End, Failure, Fields, IncomingResponse, Map, Message, MessageFault, OutgoingBody, Pipe, check_fields,
    content_length, says_one_length,
};
use crate::host::{
    Host, Stop,
    handles::{Handle, Pollable, foreign},
    net::{HttpRequest, NetError, RequestBody, RequestFault, is_ours},
    wasi2::Lent,
};

/// A request that a guest makes.
pub(crate) struct OutgoingRequest {
    pub(crate) method: Method,
    /// None is https.
    pub(crate) scheme: Option<String>,
    pub(crate) authority: Option<Authority>,
    pub(crate) path: Option<PathAndQuery>,
    pub(crate) fields: Arc<Map>,
    pub(in crate::host) body: Arc<Pipe>,
    is_body_taken: bool,
    /// What its texts take of the guest's memory.
    _lent: Lent,
}

/// Bytes of an authority or a path at most, and all that a request's texts take.
pub(crate) const MAX_TEXT: usize = 8 << 10;
const TEXTS: u64 = 3 * MAX_TEXT as u64;

/// How long a guest wants to wait at most: for a connection, the answer's beginning, or between bytes of its body.
#[derive(Clone, Copy)]
pub(crate) enum Timeout {
    Connect,
    FirstByte,
    BetweenBytes,
}

/// Nanoseconds for each of them.
#[derive(Clone, Copy, Default)]
pub(crate) struct Timeouts([Option<u64>; 3]);

impl Timeouts {
    pub(super) fn of(self, timeout: Timeout) -> Option<u64> {
        let Self([connect, first, between]) = self;
        match timeout {
            Timeout::Connect => connect,
            Timeout::FirstByte => first,
            Timeout::BetweenBytes => between,
        }
    }
}

/// What has become of a request.
pub(crate) enum ResponseState {
    Pending,
    /// It was given out.
    Taken,
    Failed(Failure),
    /// Its number.
    Response(u32),
}

impl OutgoingRequest {
    /// As the client takes it.
    pub(super) fn to_http(&self) -> Result<HttpRequest<'_>, NetError> {
        let encrypted = match self.scheme.as_deref() {
            None => true,
            Some(scheme) if scheme.eq_ignore_ascii_case("https") => true,
            Some(scheme) if scheme.eq_ignore_ascii_case("http") => false,
            Some(_) => return Err(NetError::request(RequestFault::Scheme, "the scheme is neither `http` nor `https`")),
        };
        let target = || NetError::request(RequestFault::Target, "the authority is no host and port");
        let (host, port) = self.authority.as_ref().and_then(place).ok_or_else(target)?;
        let headers = self.fields.map().iter().filter(|(name, _)| !is_ours(name.as_str()));
        Ok(HttpRequest {
            method: self.method.as_str(),
            encrypted,
            host,
            port: port.unwrap_or(if encrypted { 443 } else { 80 }),
            target: self.path.as_ref().map_or("/", PathAndQuery::as_str),
            headers: headers.map(|(name, value)| (name.as_str(), value.as_bytes())).collect(),
            body: self.framing(),
        })
    }

    /// How the body is sent, by what is known of it now.
    fn framing(&self) -> RequestBody {
        match (self.body.length(), self.body.left()) {
            (None, None) => RequestBody::Unknown,
            (None, Some(0)) => RequestBody::None,
            (Some(length), _) | (None, Some(length)) => RequestBody::Exactly(length),
        }
    }
}

/// The host without brackets, and the port if there is one. There are no credentials.
pub(crate) fn place(authority: &Authority) -> Option<(&str, Option<u16>)> {
    let host = authority.host();
    let port = match authority.as_str().strip_prefix(host)? {
        "" => None,
        port => {
            let digits = port.strip_prefix(':').filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()))?;
            Some(digits.parse().ok()?)
        }
    };
    let inside = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    Some((inside.unwrap_or(host), port))
}

impl Host {
    pub(crate) fn new_outgoing_request(&mut self, fields: u32) -> Result<u32, Stop> {
        let fields = self.take_fields(fields)?;
        let mut texts = self.lend(0)?;
        texts.grow(TEXTS)?;
        let room = self.room_of_body()?;
        let body = Pipe::of_request(self.changed(), content_length(fields.map()), room);
        let request = OutgoingRequest {
            method: Method::GET,
            scheme: None,
            authority: None,
            path: None,
            fields,
            body,
            is_body_taken: false,
            _lent: texts,
        };
        self.keep(Message::OutgoingRequest(Box::new(request)))
    }

    pub(crate) fn outgoing_request(&mut self, number: u32) -> Result<&mut OutgoingRequest, Stop> {
        match self.handles.message(number)? {
            Message::OutgoingRequest(request) => Ok(request),
            _ => Err(foreign()),
        }
    }

    pub(crate) fn outgoing_request_fields(&mut self, number: u32) -> Result<u32, Stop> {
        let fields = Arc::clone(&self.outgoing_request(number)?.fields);
        self.keep(Message::Fields(Fields::fixed(fields)))
    }

    /// The body of a request; only once.
    pub(crate) fn outgoing_request_body(&mut self, number: u32) -> Result<Option<u32>, Stop> {
        let request = self.outgoing_request(number)?;
        if std::mem::replace(&mut request.is_body_taken, true) {
            return Ok(None);
        }
        let body = OutgoingBody { pipe: Arc::clone(&request.body), is_streamed: false };
        self.keep(Message::OutgoingBody(body)).map(Some)
    }

    pub(crate) fn new_options(&mut self) -> Result<u32, Stop> {
        self.keep(Message::RequestOptions(Timeouts::default()))
    }

    /// Nanoseconds.
    pub(crate) fn timeout(&mut self, number: u32, timeout: Timeout) -> Result<&mut Option<u64>, Stop> {
        match self.handles.message(number)? {
            Message::RequestOptions(Timeouts([connect, first, between])) => Ok(match timeout {
                Timeout::Connect => connect,
                Timeout::FirstByte => first,
                Timeout::BetweenBytes => between,
            }),
            _ => Err(foreign()),
        }
    }

    /// Sends a request, if it may be sent: what its answer comes in.
    pub(crate) fn send_request(&mut self, request: u32, options: Option<u32>) -> Result<u32, MessageFault> {
        let timeouts = match options.map(|options| self.handles.remove(options)).transpose()? {
            None => Timeouts::default(),
            Some(Handle::Message(Message::RequestOptions(timeouts))) => timeouts,
            Some(_) => return Err(foreign().into()),
        };
        let Handle::Message(Message::OutgoingRequest(request)) = self.handles.remove(request)? else {
            return Err(foreign().into());
        };
        let body = Arc::clone(&request.body);
        // Whoever writes it is not to wait.
        self.send_whole(*request, timeouts).inspect_err(|_| body.stop_reading())
    }

    fn send_whole(&mut self, request: OutgoingRequest, timeouts: Timeouts) -> Result<u32, MessageFault> {
        check_fields(request.fields.map(), true, false)?;
        if !says_one_length(request.fields.map()) {
            let message = "the length is said twice, or not as a number";
            return Err(NetError::request(RequestFault::Body, message).into());
        }
        if !request.is_body_taken {
            if request.body.length().is_some_and(|length| length > 0) {
                return Err(MessageFault::Length(request.body.wrong_length()));
            }
            request.body.end(End::Whole(None));
        }
        self.http_check(&request.to_http()?)?;
        let request = self.drive(request, timeouts);
        Ok(self.keep(Message::FutureResponse(Some(request)))?)
    }

    /// What has become of a request; its outcome only once.
    pub(crate) fn outcome(&mut self, future: u32) -> Result<ResponseState, Stop> {
        self.drive_requests()?;
        let Some(request) = *self.future_response(future)? else { return Ok(ResponseState::Taken) };
        let Some(outcome) = self.take_outcome(request) else { return Ok(ResponseState::Pending) };
        *self.future_response(future)? = None;
        match outcome {
            Ok(answer) => self.keep(Message::IncomingResponse(answer)).map(ResponseState::Response),
            Err(failure) => Ok(ResponseState::Failed(failure)),
        }
    }

    /// Something that comes with a request's outcome.
    pub(crate) fn response_pollable(&mut self, future: u32) -> Result<u32, Stop> {
        let pollable = self.future_response(future)?.map_or(Pollable::Now, Pollable::Answer);
        self.handles.insert(Handle::Pollable(pollable))
    }

    fn future_response(&mut self, number: u32) -> Result<&mut Option<u32>, Stop> {
        match self.handles.message(number)? {
            Message::FutureResponse(request) => Ok(request),
            _ => Err(foreign()),
        }
    }

    fn incoming_response(&mut self, number: u32) -> Result<&mut IncomingResponse, Stop> {
        match self.handles.message(number)? {
            Message::IncomingResponse(answer) => Ok(answer),
            _ => Err(foreign()),
        }
    }

    pub(crate) fn incoming_response_status(&mut self, answer: u32) -> Result<u16, Stop> {
        Ok(self.incoming_response(answer)?.status)
    }

    pub(crate) fn incoming_response_fields(&mut self, answer: u32) -> Result<u32, Stop> {
        let fields = Arc::clone(&self.incoming_response(answer)?.fields);
        self.keep(Message::Fields(Fields::fixed(fields)))
    }

    /// The body of an answer; only once.
    pub(crate) fn incoming_response_body(&mut self, answer: u32) -> Result<Option<u32>, Stop> {
        let body = self.incoming_response(answer)?.body.take();
        body.map(|pipe| self.keep(Message::IncomingBody { pipe, is_streamed: false })).transpose()
    }
}

impl From<NetError> for MessageFault {
    fn from(error: NetError) -> Self {
        Self::Failure(Failure { error, was_connected: false })
    }
}
