//! Guests that answer HTTP requests.

use std::{
    fmt,
    pin::{Pin, pin},
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
    time::Instant,
};

use bytes::{Buf, Bytes};
use http::{Request, Response, Uri, header, uri::Scheme};
use http_body::{Body, Frame, SizeHint};
use tokio::sync::{Mutex, MutexGuard, oneshot};
use wasm_sandbox_policy::{InstanceConfig, LimitHit, ResourceKind, SandboxError, SandboxResult};

use crate::{
    engine::Mode,
    host::{
        Control, Wait, WaitEnd,
        http::{End, Exchange, Pipe, Taken, is_forbidden},
    },
    host_function::HostFunctions,
    instance::{Blueprint, Streams},
    module::Module,
    snapshot::State,
    tool::Toolbox,
    vfs::Errno,
};

/// What components export to answer.
const HANDLE: &str = "wasi:http/incoming-handler#handle";

/// Answers HTTP requests with a guest, each in a fresh instance. Cheap to clone; needs a tokio runtime.
///
/// A script is loaded by the first request, which does so in its own time while others wait, for no longer than that may take; later
/// ones go on from there, each by itself, so that what the script does outside of its handler is done once.
///
/// A request's instance lives under the limits of the policy that the handler was made with: `timeout` holds for all of an
/// exchange, both bodies included, from when it has a script that is loaded or its turn to load it. Bodies go through it in pieces as they come; of each at most some 64 KiB are held, unless one
/// piece is larger. The guest sees the request as it is given here, without the fields that speak of the connection; who serves
/// it to the world bounds heads, bodies and the number of exchanges at a time.
#[derive(Clone)]
pub struct HttpHandler(Arc<Parts>);

/// What instances are made of.
pub(crate) struct Parts {
    pub(crate) module: Module,
    pub(crate) config: InstanceConfig,
    pub(crate) functions: Arc<HostFunctions>,
    pub(crate) tools: Arc<Toolbox>,
    pub(crate) streams: Streams,
    pub(crate) control: Arc<Control>,
    pub(crate) loaded: Loaded,
}

/// Where a script is once it is loaded and has seen no request: requests go on from there.
#[derive(Default)]
pub(crate) struct Loaded {
    /// None for what cannot be kept.
    state: OnceLock<Option<State>>,
    turn: Mutex<()>,
}

/// Whose turn it is to load a script: of one at a time, as long as what comes of it may be kept.
pub(crate) struct Loading<'a> {
    loaded: &'a Loaded,
    _turn: Option<MutexGuard<'a, ()>>,
}

impl Loaded {
    async fn turn(&self) -> Option<Loading<'_>> {
        let turn = match self.state.get() {
            Some(_) => None,
            None => Some(self.turn.lock().await),
        };
        match self.state.get() {
            Some(Some(_)) => None,
            Some(None) => Some(Loading { loaded: self, _turn: None }),
            None => Some(Loading { loaded: self, _turn: turn }),
        }
    }
}

impl Loading<'_> {
    /// Keeps what it has come to. Where there was no room for it just now, the next request loads again.
    pub(crate) fn done(self, state: Result<State, SandboxError>) {
        if !matches!(state, Err(SandboxError::ResourceExhausted { .. })) {
            self.loaded.state.get_or_init(|| state.ok());
        }
    }
}

impl HttpHandler {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The name of the module that answers.
    pub fn name(&self) -> &str {
        self.0.module.name()
    }

    /// Whether a script has been loaded by a request, so that others go on from there; what is compiled needs no loading.
    pub fn is_loaded(&self) -> bool {
        self.0.module.script().is_none() || self.0.loaded.state.get().is_some()
    }

    /// Answers a request: ready once the guest has said status and fields; the body comes as the guest writes it. Who drops the
    /// future or the body before its end cancels the guest. `done` is given the account of the instance's life when that is
    /// over, which can be before the body is read or after it.
    ///
    /// # Errors
    /// Why there is no answer: the guest trapped, met a limit, or ended without one. A component that says itself that it has none
    /// is a [`SandboxError::Function`] with the code that it says, such as `http-response-timeout`.
    pub async fn handle<B>(
        &self,
        request: Request<B>,
        done: impl FnOnce(&Result<SandboxResult, SandboxError>) + Send + 'static,
    ) -> Result<Response<HttpBody>, SandboxError>
    where
        B: Body<Data: Send> + Send + 'static,
    {
        let runtime = tokio::runtime::Handle::try_current()
            .map_err(|error| SandboxError::internal("answering a request", error))?;
        let (answer, answered) = oneshot::channel();
        let (over, ended) = oneshot::channel();
        let control = self.0.control.child();
        let guard = Guard(Some(Arc::clone(&control)));
        let (head, body) = request.into_parts();
        let pipe = Pipe::new();
        if body.is_end_stream() {
            // The guest is told that there is none.
            pipe.end(End::Whole(None));
        }
        let request = cleaned(Request::from_parts(head, Arc::clone(&pipe)));
        let exchange = Exchange { request, answer };
        let parts = Arc::clone(&self.0);
        runtime.spawn(async move {
            let life = beside(parts.answer(exchange, control), bring(body, &pipe)).await;
            done(&life);
            // Who asked may have gone.
            let _ = over.send(life.and_then(|result| result.ending.error(parts.module.name()).map_or(Ok(()), Err)));
        });
        match answered.await {
            Ok(Ok(response)) => {
                let is_over = response.body().is_unwanted();
                Ok(response.map(|pipe: Arc<Pipe>| HttpBody { pipe, guard, is_over, is_breaking: false }))
            }
            none => Err(match ended.await {
                Ok(Err(error)) => error,
                Ok(Ok(())) => match none {
                    Ok(Err(code)) => given_up(code),
                    _ => no_answer(self.name()),
                },
                Err(error) => SandboxError::internal("answering a request", error),
            }),
        }
    }
}

impl Parts {
    async fn answer(&self, exchange: Exchange, control: Arc<Control>) -> Result<SandboxResult, SandboxError> {
        let loading = match self.module.script() {
            Some(_) => self.turn(&control).await?,
            None => None,
        };
        self.blueprint(control).answer(exchange, loading).await
    }

    /// Waits for whoever loads the script, no longer than a guest may take, nor than somebody wants the answer.
    async fn turn(&self, control: &Control) -> Result<Option<Loading<'_>>, SandboxError> {
        let limit = self.config.limits.timeout;
        let (forever, deadline) = (Wait::forever(), Instant::now() + limit);
        tokio::select! {
            biased;
            loading = self.loaded.turn() => Ok(loading),
            end = control.wait(&forever, deadline) => Err(match end {
                WaitEnd::Cancelled => SandboxError::Cancelled,
                WaitEnd::Ready | WaitEnd::Deadline => {
                    let millis = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
                    LimitHit { kind: ResourceKind::WallTime, used: millis, limit: millis }.into()
                }
            }),
        }
    }

    fn blueprint(&self, control: Arc<Control>) -> Blueprint<'_> {
        Blueprint {
            module: &self.module,
            config: &self.config,
            functions: &self.functions,
            tools: Arc::clone(&self.tools),
            mode: Mode::Async,
            arguments: vec![self.module.name().to_owned()],
            streams: self.streams.clone(),
            control,
            forks: self.module.script().is_some() && self.loaded.state.get().is_none(),
            state: self.loaded.state.get().and_then(Option::as_ref),
        }
    }
}

/// What a component says in the place of an answer.
fn given_up(code: String) -> SandboxError {
    SandboxError::Function { function: HANDLE.to_owned(), value: code.into() }
}

fn no_answer(name: &str) -> SandboxError {
    let reason = "it ended without an answer to the request".to_owned();
    SandboxError::NotRunnable { what: name.to_owned(), reason }
}

/// Without what is between the client and the server, and with the authority where guests look for it.
fn cleaned(mut request: Request<Arc<Pipe>>) -> Request<Arc<Pipe>> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()?.parse().ok());
    let mut parts = request.uri().clone().into_parts();
    parts.authority = parts.authority.or(host);
    if parts.authority.is_some() {
        parts.scheme = parts.scheme.or(Some(Scheme::HTTP));
        parts.path_and_query.get_or_insert_with(|| http::uri::PathAndQuery::from_static("/"));
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    // A map from which something is removed has no order any more.
    let fields = request.headers().iter().filter(|(name, _)| !is_forbidden(name.as_str()));
    *request.headers_mut() = fields.map(|(name, value)| (name.clone(), value.clone())).collect();
    request
}

/// The first of two futures, while the second goes on beside it.
async fn beside<T>(first: impl Future<Output = T>, second: impl Future<Output = ()>) -> T {
    let mut first = pin!(first);
    tokio::select! {
        biased;
        output = &mut first => return output,
        () = second => {}
    }
    first.await
}

/// Brings a request's body to the guest, as far as it reads.
async fn bring(body: impl Body<Data: Send>, pipe: &Pipe) {
    let mut body = pin!(body);
    while !pipe.has_end() {
        std::future::poll_fn(|context| pipe.poll_room(context)).await;
        if pipe.has_no_reader() {
            // Nothing of it will come any more.
            return pipe.end(End::Whole(None));
        }
        let come = std::future::poll_fn(|context| body.as_mut().poll_frame(context)).await;
        let data = match come.map(|come| come.map(Frame::into_data)) {
            None => return pipe.end(End::Whole(None)),
            Some(Err(_)) => return pipe.end(End::Broken(Errno::Connreset)),
            Some(Ok(Err(frame))) => return pipe.end(End::Whole(frame.into_trailers().ok())),
            Some(Ok(Ok(data))) => data,
        };
        bring_piece(data, pipe).await;
    }
}

/// As [`bring`] for one piece, however large.
async fn bring_piece(mut data: impl Buf, pipe: &Pipe) {
    while data.has_remaining() && !pipe.has_no_reader() {
        std::future::poll_fn(|context| pipe.poll_room(context)).await;
        let len = data.chunk().len().min(pipe.room());
        pipe.send(data.chunk().get(..len).unwrap_or_default());
        data.advance(len);
    }
}

/// Cancels a guest that nobody listens to any more.
struct Guard(Option<Arc<Control>>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(control) = &self.0 {
            control.cancel();
        }
    }
}

/// The body of a guest's answer, as the guest writes it.
pub struct HttpBody {
    pipe: Arc<Pipe>,
    guard: Guard,
    /// Whether the end was given out.
    is_over: bool,
    /// Whether the break was held back once, for what came before it to go out.
    is_breaking: bool,
}

/// A guest's answer broke off: the guest was stopped, or wrote less than it had said.
#[derive(Debug)]
pub struct HttpBodyError(());

impl fmt::Display for HttpBodyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the guest's answer broke off")
    }
}

impl std::error::Error for HttpBodyError {}

impl fmt::Debug for HttpBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HttpBody").finish_non_exhaustive()
    }
}

impl Body for HttpBody {
    type Data = Bytes;
    type Error = HttpBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpBodyError>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let end = match ready!(self.pipe.poll_take(context)) {
            Taken::Piece(piece) => return Poll::Ready(Some(Ok(Frame::data(piece)))),
            Taken::End(End::Broken(_)) if !self.is_breaking => {
                // A server that is told of a break drops what it has not sent.
                self.is_breaking = true;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Taken::End(end) => end,
        };
        self.is_over = true;
        Poll::Ready(match end {
            End::Whole(trailers) => trailers.map(|trailers| Ok(Frame::trailers(trailers))),
            End::Broken(_) => Some(Err(HttpBodyError(()))),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || matches!(self.pipe.ended(), Some(End::Whole(None)))
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_over {
            return SizeHint::with_exact(0);
        }
        self.pipe.left().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for HttpBody {
    fn drop(&mut self) {
        // Servers do not ask for the end where they know the length.
        if self.is_over || self.pipe.is_all_taken() {
            self.guard.0 = None;
            return self.pipe.forget();
        }
        self.pipe.stop_reading();
    }
}
