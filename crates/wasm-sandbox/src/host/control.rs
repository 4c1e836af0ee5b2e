//! Cancelling a guest from outside, and waiting for it without ever passing its deadline.

use std::{
    os::fd::BorrowedFd,
    sync::{
        Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::Notify;

/// How often a wait for a descriptor looks whether it was cancelled.
const SLICE: Duration = Duration::from_millis(20);

/// What an unfinished host call waits for: the first of a moment and a stream.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wait {
    pub(crate) until: Option<Instant>,
    pub(crate) stream: Option<Stream>,
}

/// One of the process's own streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdin,
    Stdout,
    Stderr,
}

/// Why a wait is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitEnd {
    Ready,
    Deadline,
    Cancelled,
}

impl Wait {
    /// Only a deadline or a cancel ends it.
    pub(crate) fn forever() -> Self {
        Self::default()
    }

    /// Nothing to wait for, but a deadline or a cancel that has come ends it.
    pub(crate) fn moment() -> Self {
        Self { until: Some(Instant::now()), stream: None }
    }
}

impl Stream {
    pub(super) fn descriptor(self) -> BorrowedFd<'static> {
        match self {
            Self::Stdin => rustix::stdio::stdin(),
            Self::Stdout => rustix::stdio::stdout(),
            Self::Stderr => rustix::stdio::stderr(),
        }
    }

    /// Whether reading or writing would not block, waiting for it at most `patience`. A stream that cannot be asked counts
    /// as ready: the attempt itself then says what is wrong.
    pub(super) fn ready(self, patience: Duration) -> bool {
        let flags = if self == Self::Stdin { PollFlags::IN } else { PollFlags::OUT };
        let mut descriptors = [PollFd::from_borrowed_fd(self.descriptor(), flags)];
        let patience = Timespec { tv_sec: 0, tv_nsec: i64::from(patience.min(SLICE).subsec_nanos()) };
        !matches!(poll(&mut descriptors, Some(&patience)), Ok(0) | Err(rustix::io::Errno::INTR))
    }
}

/// The handle that outlives every borrow of a sandbox: cancels it, and wakes it when it waits.
#[derive(Debug, Default)]
pub(crate) struct Control {
    cancelled: AtomicBool,
    lock: Mutex<()>,
    woken: Condvar,
    notify: Notify,
}

impl Control {
    /// Ends the guest at its next tick or wait. Stays in force for whatever runs later.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
        self.woken.notify_all();
        self.notify.notify_waiters();
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Waits on the calling thread.
    pub(crate) fn wait_blocking(&self, wait: &Wait, deadline: Instant) -> WaitEnd {
        loop {
            if let Some(end) = self.over(wait, deadline) {
                return end;
            }
            let left = next(wait, deadline).saturating_duration_since(Instant::now());
            match wait.stream {
                Some(stream) => {
                    if stream.ready(left) {
                        return WaitEnd::Ready;
                    }
                }
                None => {
                    let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
                    if !self.is_cancelled() {
                        drop(self.woken.wait_timeout(guard, left));
                    }
                }
            }
        }
    }

    /// Waits in a tokio runtime.
    pub(crate) async fn wait(&self, wait: &Wait, deadline: Instant) -> WaitEnd {
        loop {
            let mut cancelled = std::pin::pin!(self.notify.notified());
            cancelled.as_mut().enable();
            if let Some(end) = self.over(wait, deadline) {
                return end;
            }
            let next = next(wait, deadline);
            match wait.stream {
                Some(stream) => {
                    let left = next.saturating_duration_since(Instant::now());
                    // A failed join means that the runtime is shutting down; the attempt that follows then finds out.
                    if tokio::task::spawn_blocking(move || stream.ready(left)).await.unwrap_or(true) {
                        return WaitEnd::Ready;
                    }
                }
                None => {
                    tokio::select! {
                        () = tokio::time::sleep_until(next.into()) => {}
                        () = cancelled => {}
                    }
                }
            }
        }
    }

    fn over(&self, wait: &Wait, deadline: Instant) -> Option<WaitEnd> {
        let now = Instant::now();
        if self.is_cancelled() {
            Some(WaitEnd::Cancelled)
        } else if wait.until.is_some_and(|until| until <= now && until <= deadline) {
            Some(WaitEnd::Ready)
        } else if deadline <= now {
            Some(WaitEnd::Deadline)
        } else {
            None
        }
    }
}

fn next(wait: &Wait, deadline: Instant) -> Instant {
    wait.until.map_or(deadline, |until| until.min(deadline))
}
