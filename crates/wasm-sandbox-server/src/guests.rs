//! One exchange: a request is looked over, given to a guest in its turn, and its answer sent as it comes.

use std::{
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasm_sandbox::{
    ErrorCode, HttpBody, HttpBodyError, HttpHandler, ResourceKind, SandboxError,
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
}

impl Guests {
    pub(crate) fn new(handler: HttpHandler, config: ServerConfig, sink: Sink) -> Self {
        Self { handler, turns: Arc::new(Semaphore::new(config.exchanges)), config, sink }
    }

    pub(crate) async fn answer(&self, request: Request<Incoming>, client: SocketAddr) -> Answer {
        let draft = Draft::new(&request, client, &self.sink);
        let answer = match self.check(&request) {
            Some(status) => said(status, status.canonical_reason().unwrap_or_default()),
            None => self.ask(request, &draft).await,
        };
        draft.status(answer.status().as_u16());
        answer.map(|body| Counted { body, draft })
    }

    /// What is wrong with a request before anything of it is done.
    fn check(&self, request: &Request<Incoming>) -> Option<StatusCode> {
        let too_long = |size: SizeHint| size.lower() > self.config.body.as_u64();
        let hosts: Vec<_> = request.headers().get_all(header::HOST).iter().collect();
        let authority = request.uri().authority().map(|authority| authority.as_str().as_bytes());
        let agrees = match hosts.as_slice() {
            [] => request.version() < Version::HTTP_11 || authority.is_some(),
            [host] => is_authority(host) && authority.is_none_or(|authority| authority == host.as_bytes()),
            _ => false,
        };
        let scheme = request.uri().scheme_str().unwrap_or("http");
        if head_bytes(request) > MAX_HEAD {
            Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
        } else if !agrees || scheme != "http" || request.uri().path_and_query().is_none() {
            Some(StatusCode::BAD_REQUEST)
        } else if too_long(request.body().size_hint()) {
            Some(StatusCode::PAYLOAD_TOO_LARGE)
        } else if request.method() == hyper::Method::CONNECT {
            Some(StatusCode::NOT_IMPLEMENTED)
        } else {
            None
        }
    }

    async fn ask(&self, request: Request<Incoming>, draft: &Arc<Draft>) -> Response<Spoken> {
        let Some(turn) = self.turn().await else {
            let mut answer = said(StatusCode::SERVICE_UNAVAILABLE, "too many requests are being answered");
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            return answer;
        };
        let limit = usize::try_from(self.config.body.as_u64()).unwrap_or(usize::MAX);
        let request = request.map(|body| Limited::new(body, limit));
        let record = Arc::clone(draft);
        let done = move |life: &_| {
            record.guest(life);
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
