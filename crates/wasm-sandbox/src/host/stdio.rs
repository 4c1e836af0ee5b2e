//! The three standard streams: captured with a cap, passed through, handed to a callback or discarded.

use std::{sync::Arc, time::Duration};

use wasm_sandbox_policy::{LimitHit, ResourceKind};

use super::{
    Step, Stop,
    control::{Stream, Wait},
};
use crate::vfs::{Errno, VfsResult};

/// What a pipe surely takes when it says that it can be written: POSIX's PIPE_BUF on Linux.
pub(super) const PIPE_BUF: usize = 4096;

/// How a guest ends that writes to this process's own output when nobody reads that any more: with the code that shells give
/// a process that SIGPIPE has ended.
const READER_GONE: i32 = 128 + 13;

/// Where a guest's input comes from.
#[derive(Clone, Debug, Default)]
pub(crate) enum Stdin {
    #[default]
    Empty,
    Bytes(Arc<[u8]>),
    /// The process's own.
    Inherit,
}

/// Takes a guest's output as it comes.
pub(crate) type Callback = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// Where a guest's output goes.
#[derive(Clone, Default)]
pub(crate) enum Sink {
    /// Kept for the result.
    #[default]
    Capture,
    /// The process's own stream.
    Inherit,
    /// Handed to a function of the caller's as it comes.
    Callback(Callback),
}

impl Stdin {
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Empty | Self::Inherit => 0,
        }
    }
}

/// The streams of one sandbox.
pub(super) struct Streams {
    stdin: Stdin,
    stdin_position: usize,
    stdout: Output,
    stderr: Output,
    written: u64,
    limit: u64,
}

struct Output {
    sink: Sink,
    kept: Vec<u8>,
}

impl Streams {
    pub(super) fn new(stdin: Stdin, stdout: Sink, stderr: Sink, limit: u64) -> Self {
        let output = |sink| Output { sink, kept: Vec::new() };
        Self { stdin, stdin_position: 0, stdout: output(stdout), stderr: output(stderr), written: 0, limit }
    }

    /// How much of the input was read.
    pub(super) fn stdin_position(&self) -> usize {
        self.stdin_position
    }

    /// Reads on from there.
    pub(super) fn skip_stdin(&mut self, position: usize) {
        self.stdin_position = position;
    }

    pub(super) fn begin(&mut self) {
        self.written = 0;
        self.stdout.kept.clear();
        self.stderr.kept.clear();
    }

    pub(super) fn stderr(&self) -> &[u8] {
        &self.stderr.kept
    }

    pub(super) fn take(&mut self) -> (Vec<u8>, Vec<u8>) {
        (std::mem::take(&mut self.stdout.kept), std::mem::take(&mut self.stderr.kept))
    }

    /// Whether a stream is this process's own.
    pub(super) fn is_own(&self, stream: Stream) -> bool {
        match stream {
            Stream::Stdin => matches!(self.stdin, Stdin::Inherit),
            Stream::Stdout => matches!(self.stdout.sink, Sink::Inherit),
            Stream::Stderr => matches!(self.stderr.sink, Sink::Inherit),
        }
    }

    /// Whether a stream is this process's own and a terminal.
    pub(super) fn is_terminal(&self, stream: Stream) -> bool {
        self.is_own(stream) && rustix::termios::isatty(stream.descriptor())
    }

    /// Whether reading or writing would not wait.
    pub(super) fn ready(&self, stream: Stream) -> bool {
        !self.is_own(stream) || stream.ready(Duration::ZERO)
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> VfsResult<Step<usize>> {
        match &self.stdin {
            Stdin::Empty => Ok(Step::Done(0)),
            Stdin::Bytes(bytes) => {
                let rest = bytes.get(self.stdin_position..).unwrap_or_default();
                let len = rest.len().min(buffer.len());
                for (to, from) in buffer.iter_mut().zip(rest) {
                    *to = *from;
                }
                self.stdin_position += len;
                Ok(Step::Done(len))
            }
            Stdin::Inherit if !Stream::Stdin.ready(Duration::ZERO) => Ok(Step::Wait(Wait::stream(Stream::Stdin))),
            Stdin::Inherit => {
                rustix::io::read(Stream::Stdin.descriptor(), buffer).map(Step::Done).map_err(|_| Errno::Io)
            }
        }
    }

    /// Writes to stdout or stderr. What fits under the limit is kept even when the rest ends the guest.
    pub(super) fn write(&mut self, stream: Stream, bytes: &[u8]) -> Result<VfsResult<Step<usize>>, Stop> {
        let output = if stream == Stream::Stderr { &mut self.stderr } else { &mut self.stdout };
        let room = self.limit.saturating_sub(self.written);
        let fitting = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        let attempt = match output.write(stream, bytes.get(..fitting).unwrap_or_default()) {
            Ok(attempt) => attempt,
            // As a signal would end a process: what it prints goes nowhere, and most programs never look.
            Err(Errno::Pipe) if stream == Stream::Stdout => return Err(Stop::Exit(READER_GONE)),
            Err(errno) => return Ok(Err(errno)),
        };
        if let Step::Done(len) = attempt {
            self.written = self.written.saturating_add(len as u64);
            if len == fitting && fitting < bytes.len() {
                let used = self.written.saturating_add((bytes.len() - fitting) as u64);
                return Err(Stop::Limit(LimitHit { kind: ResourceKind::Output, used, limit: self.limit }));
            }
        }
        Ok(Ok(attempt))
    }
}

impl Output {
    fn write(&mut self, stream: Stream, bytes: &[u8]) -> VfsResult<Step<usize>> {
        if bytes.is_empty() {
            return Ok(Step::Done(0));
        }
        match &self.sink {
            Sink::Capture => self.kept.extend_from_slice(bytes),
            Sink::Callback(callback) => callback(bytes),
            Sink::Inherit => return inherit(stream, bytes),
        }
        Ok(Step::Done(bytes.len()))
    }
}

/// Writes to the process's own stream, only as much as cannot block.
fn inherit(stream: Stream, bytes: &[u8]) -> VfsResult<Step<usize>> {
    if !stream.ready(Duration::ZERO) {
        return Ok(Step::Wait(Wait::stream(stream)));
    }
    let piece = bytes.get(..PIPE_BUF).unwrap_or(bytes);
    match rustix::io::write(stream.descriptor(), piece) {
        Ok(len) => Ok(Step::Done(len)),
        Err(rustix::io::Errno::PIPE) => Err(Errno::Pipe),
        Err(rustix::io::Errno::NOSPC) => Err(Errno::Nospc),
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(Step::Wait(Wait::stream(stream))),
        Err(_) => Err(Errno::Io),
    }
}
