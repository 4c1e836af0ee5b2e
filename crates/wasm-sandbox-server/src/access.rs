//! One record for each exchange, written when all of it is over.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use serde::Serialize;
use wasm_sandbox::{Ending, ErrorReport, Plain, SandboxError, SandboxResult, http::Request};

/// Characters of a path, a method and a message that are kept.
const MAX_TEXT: usize = 2048;

/// Bytes that are kept of each stream that a guest has printed to: records wait for clients and for whoever reads them.
const MAX_PRINTED: usize = 64 << 10;

/// Who has ended a guest.
const SERVER_ENDED: &str = "the server ended";
const CLIENT_GONE: &str = "the client has gone, or took nothing of the answer";

/// What became of a request.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct AccessEntry {
    /// When its head had come; RFC 3339 in UTC, where it is text.
    #[serde(with = "humantime_serde")]
    pub at: SystemTime,
    /// Who asked.
    pub client: SocketAddr,
    /// As the client sent it, at most 2048 characters, with none that breaks a line or steers a terminal.
    pub method: String,
    /// Path and query, at most 2048 characters.
    pub path: String,
    /// What was answered; none if the client had gone before.
    pub status: Option<u16>,
    /// Bytes of the answer's body that were handed to the connection.
    pub bytes_sent: u64,
    /// From the head's arrival to the end of the answer and of the guest, whichever came last; such as `1ms 20us`, where it is text.
    #[serde(with = "humantime_serde")]
    pub duration: Duration,
    /// Why there is no answer of the guest's, where there is none.
    pub error: Option<ErrorReport>,
    /// What the server has to say of it: why it has answered by itself, or who has ended the guest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The account of the guest's life; none where no guest was made. Of what it printed there are the first 64 KiB of each
    /// stream, of messages 2048 characters.
    pub result: Option<SandboxResult>,
    /// Bytes that the guest has printed beyond those.
    pub bytes_cut: u64,
}

/// Who takes the records.
pub(crate) type Sink = Arc<dyn Fn(AccessEntry) + Send + Sync>;

/// A record that is still being written. It is done when the last of those who have it lets go.
pub(crate) struct Draft {
    began: Instant,
    at: SystemTime,
    client: SocketAddr,
    method: String,
    path: String,
    status: AtomicU16,
    sent: AtomicU64,
    outcome: Mutex<Outcome>,
    sink: Sink,
    /// Whether exchanges are cut off, since the server ends.
    is_cut_off: Arc<AtomicBool>,
}

/// How it came out.
#[derive(Default)]
struct Outcome {
    error: Option<ErrorReport>,
    reason: Option<String>,
    result: Option<SandboxResult>,
    cut: u64,
}

impl Draft {
    pub(crate) fn new<B>(
        request: &Request<B>,
        client: SocketAddr,
        sink: &Sink,
        is_cut_off: &Arc<AtomicBool>,
    ) -> Arc<Self> {
        let short = |text: &str| Plain::line(text).at_most(MAX_TEXT).to_string();
        Arc::new(Self {
            began: Instant::now(),
            at: SystemTime::now(),
            client,
            method: short(request.method().as_str()),
            path: short(request.uri().path_and_query().map_or("", |path| path.as_str())),
            status: AtomicU16::new(0),
            sent: AtomicU64::new(0),
            outcome: Mutex::default(),
            sink: Arc::clone(sink),
            is_cut_off: Arc::clone(is_cut_off),
        })
    }

    pub(crate) fn status(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// What the server has to say of it. What was said first stays.
    pub(crate) fn reason(&self, reason: impl FnOnce() -> String) {
        self.outcome().reason.get_or_insert_with(reason);
    }

    /// How the guest's life came out.
    pub(crate) fn guest(&self, life: &Result<SandboxResult, SandboxError>) {
        let mut outcome = self.outcome();
        let is_cancelled = match life {
            Ok(result) => result.ending == Ending::Cancel,
            Err(error) => matches!(error, SandboxError::Cancelled),
        };
        if is_cancelled {
            let ended = if self.is_cut_off.load(Ordering::Relaxed) { SERVER_ENDED } else { CLIENT_GONE };
            outcome.reason.get_or_insert_with(|| ended.to_owned());
        }
        match life {
            Ok(result) => {
                let (result, cut) = shortened(result.clone());
                outcome.error = result.error.clone();
                (outcome.result, outcome.cut) = (Some(result), cut);
            }
            Err(error) => outcome.error = Some(told(ErrorReport::from(error))),
        }
    }

    /// Why no guest was made, or has answered.
    pub(crate) fn failed(&self, error: &SandboxError) {
        self.outcome().error.get_or_insert_with(|| told(ErrorReport::from(error)));
    }

    fn outcome(&self) -> MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As much of an account as is kept, and how many bytes of what was printed are not.
fn shortened(mut result: SandboxResult) -> (SandboxResult, u64) {
    let mut cut = 0;
    for stream in [&mut result.stdout, &mut result.stderr] {
        if let Some((kept, rest)) = stream.bytes().split_at_checked(MAX_PRINTED) {
            cut += rest.len() as u64;
            *stream = kept.to_vec().into();
        }
    }
    match &mut result.ending {
        Ending::Exception { message, .. } => shorten(message),
        Ending::Trap(trap) => shorten(&mut trap.message),
        _ => {}
    }
    result.error = result.error.map(told);
    (result, cut)
}

fn told(mut error: ErrorReport) -> ErrorReport {
    shorten(&mut error.message);
    error.stack.iter_mut().for_each(shorten);
    error
}

fn shorten(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
        text.truncate(end);
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let outcome = self.outcome.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Outcome { error, mut reason, result, cut } = std::mem::take(outcome);
        // The guest has gone with all else.
        if error.is_none() && result.is_none() && self.is_cut_off.load(Ordering::Relaxed) {
            reason.get_or_insert_with(|| SERVER_ENDED.to_owned());
        }
        let status = self.status.load(Ordering::Relaxed);
        (self.sink)(AccessEntry {
            at: self.at,
            client: self.client,
            method: std::mem::take(&mut self.method),
            path: std::mem::take(&mut self.path),
            status: (status > 0).then_some(status),
            bytes_sent: self.sent.load(Ordering::Relaxed),
            duration: self.began.elapsed(),
            error,
            reason,
            result,
            bytes_cut: cut,
        });
    }
}
