//! One exchange: a request is looked over, given to a guest in its turn, and its answer sent as it comes.

use std::{
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use http_body_util::{BodyExt, Either, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasm_sandbox::{
    ByteSize, ErrorCode, HttpBody, HttpBodyError, HttpHandler, ResourceKind, SandboxError, SandboxResult,
    http::{HeaderValue, Request, Response, StatusCode, Version, header},
};

use crate::{
    access::{Draft, Sink},
    config::ServerConfig,
    server::MAX_HEAD,
};

/// An answer's body: a guest's, or a word of the server's.
pub(crate) type Answer = Response<Counted>;

/// Answers requests with guests.
pub(crate) struct Guests {
    handler: HttpHandler,
    turns: Arc<Semaphore>,
    config: ServerConfig,
    sink: Sink,
    /// Whether exchanges are cut off, since the server ends.
    is_cut_off: Arc<AtomicBool>,
}

impl Guests {
    pub(crate) fn new(handler: HttpHandler, config: ServerConfig, sink: Sink) -> Self {
        Self { handler, turns: Arc::new(Semaphore::new(config.exchanges)), config, sink, is_cut_off: Arc::default() }
    }

    /// Waits until no guest lives.
    pub(crate) async fn idle(&self) {
        let all = u32::try_from(self.config.exchanges).unwrap_or(u32::MAX);
        // It is never closed.
        let _ = self.turns.acquire_many(all).await;
    }

    /// That guests end from now on because the server does.
    pub(crate) fn cut_off(&self) {
        self.is_cut_off.store(true, Ordering::Relaxed);
    }

    pub(crate) async fn answer(&self, request: Request<Incoming>, client: SocketAddr) -> Answer {
        let draft = Draft::new(&request, client, &self.sink, &self.is_cut_off);
        let answer = match self.check(&request) {
            Some((status, reason)) => {
                draft.reason(|| reason);
                said(status, status.canonical_reason().unwrap_or_default())
            }
            None => self.ask(request, &draft).await,
        };
        draft.status(answer.status().as_u16());
        answer.map(|body| Counted { body, draft })
    }

    /// What is wrong with a request before anything of it is done: what the client is told, and what the log.
    fn check(&self, request: &Request<Incoming>) -> Option<(StatusCode, String)> {
        let too_long = |size: SizeHint| size.lower() > self.config.body.as_u64();
        let hosts: Vec<_> = request.headers().get_all(header::HOST).iter().collect();
        let authority = request.uri().authority().map(|authority| authority.as_str().as_bytes());
        let agrees = match hosts.as_slice() {
            [] => request.version() < Version::HTTP_11 || authority.is_some(),
            [host] => is_authority(host) && authority.is_none_or(|authority| authority == host.as_bytes()),
            _ => false,
        };
        let scheme = request.uri().scheme_str().unwrap_or("http");
        let (status, reason) = if head_bytes(request) > MAX_HEAD {
            (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                format!("the head is longer than {}", ByteSize::bytes(MAX_HEAD as u64)),
            )
        } else if !agrees {
            (StatusCode::BAD_REQUEST, "the request names no host, or not one".to_owned())
        } else if scheme != "http" || request.uri().path_and_query().is_none() {
            (StatusCode::BAD_REQUEST, "the request is for nothing that is here".to_owned())
        } else if too_long(request.body().size_hint()) {
            (StatusCode::PAYLOAD_TOO_LARGE, body_too_long(self.config.body))
        } else if request.method() == hyper::Method::CONNECT {
            (StatusCode::NOT_IMPLEMENTED, "there are no tunnels".to_owned())
        } else {
            return None;
        };
        Some((status, reason))
    }

    async fn ask(&self, request: Request<Incoming>, draft: &Arc<Draft>) -> Response<Spoken> {
        let Some(turn) = self.turn().await else {
            let (exchanges, time) = (self.config.exchanges, self.config.queue_time);
            draft.reason(|| format!("it had no turn within {time:?}, of {exchanges} at a time"));
            let mut answer = said(StatusCode::SERVICE_UNAVAILABLE, "too many requests are being answered");
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            return answer;
        };
        let (limit, record) = (self.config.body, Arc::clone(draft));
        let bytes = usize::try_from(limit.as_u64()).unwrap_or(usize::MAX);
        let request = request.map(|body| {
            Limited::new(body, bytes).map_err(move |error| {
                if error.is::<LengthLimitError>() {
                    record.reason(|| body_too_long(limit));
                }
            })
        });
        let (record, handler) = (Arc::clone(draft), self.handler.clone());
        let done = move |life: &Result<SandboxResult, SandboxError>| {
            record.guest(life);
            if !life.as_ref().is_ok_and(|result| result.success) && !handler.is_loaded() {
                record.reason(|| "the script was not loaded yet".to_owned());
            }
            drop(record);
            drop(turn);
        };
        match self.handler.handle(request, done).await {
            Ok(answer) => answer.map(Either::Left),
            Err(error) => {
                draft.failed(&error);
                failed(&error)
            }
        }
    }

    async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        tokio::time::timeout(self.config.queue_time, turn).await.ok()?.ok()
    }
}

fn body_too_long(limit: ByteSize) -> String {
    format!("the request's body is longer than {limit}")
}

/// What a request says before its body.
fn head_bytes(request: &Request<Incoming>) -> usize {
    let line = request.method().as_str().len() + request.uri().path_and_query().map_or(0, |path| path.as_str().len());
    line + request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len())
        .sum::<usize>()
}

/// What a client is told where a guest gives no answer: what kind of failure it was, and nothing of the guest or the host.
fn failed(error: &SandboxError) -> Response<Spoken> {
    let code = error.code();
    let full = [ResourceKind::Sandboxes, ResourceKind::ProcessMemory];
    let is_full = matches!(error, SandboxError::ResourceExhausted { kind, .. } if full.contains(kind));
    let status = match code {
        _ if is_full => StatusCode::SERVICE_UNAVAILABLE,
        // To the client these are failures of the server, whoever is to blame.
        ErrorCode::Timeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorCode::Function => given_up(error),
        _ => match StatusCode::from_u16(code.row().http) {
            Ok(StatusCode::SERVICE_UNAVAILABLE) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        },
    };
    said(status, &code.to_string())
}

/// What a guest has given up for that asked others: their failures are not the server's.
fn given_up(error: &SandboxError) -> StatusCode {
    let SandboxError::Function { value, .. } = error else { return StatusCode::INTERNAL_SERVER_ERROR };
    let code = value.as_str().unwrap_or_default();
    let others = ["dns-", "destination-", "connection-", "tls-", "http-response-", "http-upgrade-", "http-protocol-"];
    match others.iter().any(|kind| code.starts_with(kind)) {
        true if code.ends_with("-timeout") => StatusCode::GATEWAY_TIMEOUT,
        true => StatusCode::BAD_GATEWAY,
        false => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn said(status: StatusCode, text: &str) -> Response<Spoken> {
    let mut answer = Response::new(Either::Right(Full::from(format!("{text}\n"))));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

fn is_authority(host: &HeaderValue) -> bool {
    let authority = host.to_str().ok().and_then(|host| host.parse::<hyper::http::uri::Authority>().ok());
    authority.is_some_and(|authority| !authority.as_str().contains('@'))
}

type Spoken = Either<HttpBody, Full<Bytes>>;

/// A body whose bytes are counted, and whose record goes when it does.
pub(crate) struct Counted {
    body: Spoken,
    draft: Arc<Draft>,
}

impl Body for Counted {
    type Data = Bytes;
    type Error = HttpBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpBodyError>>> {
        let frame = match &mut self.body {
            Either::Left(body) => ready!(Pin::new(body).poll_frame(context)),
            Either::Right(body) => ready!(Pin::new(&mut body.map_err(|never| match never {})).poll_frame(context)),
        };
        if let Some(Ok(data)) = frame.as_ref().map(|frame| frame.as_ref().map(Frame::data_ref)) {
            self.draft.sent(data.map_or(0, Bytes::len));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
