//! Cancelling a guest from outside, and waiting for it without ever passing its deadline.

use std::{
    fmt,
    future::Future,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    pin::pin,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use tokio::sync::{Notify, futures::Notified};

/// How often a wait for a descriptor looks for whatever else may have ended it.
const SLICE: Duration = Duration::from_millis(20);

/// How long a wait for a tool's answer looks for it before the thread sleeps: waking it again takes longer than many tools do.
const WATCH: Duration = Duration::from_micros(20);

/// What an unfinished host call waits for: the first of a moment and a stream, or of a moment and an event.
#[derive(Debug, Default)]
pub(crate) struct Wait {
    pub(crate) until: Option<Instant>,
    pub(crate) stream: Option<Stream>,
    pub(crate) event: Option<Box<dyn Event>>,
}

/// Something that happens beside the guest: a tool's answer, a word from the network.
pub(crate) trait Event: fmt::Debug + Send + Sync {
    fn ready(&self) -> bool;

    /// Ready when something has changed after this was called.
    fn changed(&self) -> Notified<'_>;
}

/// The first of two events of one sandbox: what changes one of them tells of both.
#[derive(Debug)]
struct Either(Box<dyn Event>, Box<dyn Event>);

/// The first of two.
pub(crate) fn either(first: Box<dyn Event>, second: Box<dyn Event>) -> Box<dyn Event> {
    Box::new(Either(first, second))
}

impl Event for Either {
    fn ready(&self) -> bool {
        self.0.ready() || self.1.ready()
    }

    fn changed(&self) -> Notified<'_> {
        self.0.changed()
    }
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
        Self { until: Some(Instant::now()), ..Self::default() }
    }

    /// Until then at the latest.
    pub(crate) fn or(mut self, until: Option<Instant>) -> Self {
        self.until = [self.until, until].into_iter().flatten().min();
        self
    }

    /// Until this happens, too.
    pub(crate) fn or_event(mut self, event: Box<dyn Event>) -> Self {
        self.event = Some(match self.event.take() {
            Some(other) => either(other, event),
            None => event,
        });
        self
    }

    /// Until there is something to read or to write.
    pub(crate) fn stream(stream: Stream) -> Self {
        Self { stream: Some(stream), ..Self::default() }
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
        self.ready_unless(patience, None)
    }

    /// The same, but not waiting for it any more once something else can be read.
    fn ready_unless(self, patience: Duration, other: Option<BorrowedFd<'_>>) -> bool {
        let flags = if self == Self::Stdin { PollFlags::IN } else { PollFlags::OUT };
        let other = other.map(|other| PollFd::from_borrowed_fd(other, PollFlags::IN));
        let own = PollFd::from_borrowed_fd(self.descriptor(), flags);
        let mut descriptors: Vec<_> = [Some(own), other].into_iter().flatten().collect();
        let patience = Timespec { tv_sec: 0, tv_nsec: i64::from(patience.min(SLICE).subsec_nanos()) };
        match poll(&mut descriptors, Some(&patience)) {
            Ok(_) => descriptors.first().is_some_and(|own| !own.revents().is_empty()),
            Err(error) => error != rustix::io::Errno::INTR,
        }
    }
}

/// The handle that outlives every borrow of a sandbox: cancels it, and wakes it when it waits.
#[derive(Debug, Default)]
pub(crate) struct Control {
    cancelled: AtomicBool,
    notify: Notify,
    /// Those that end with this one.
    children: Mutex<Vec<Weak<Self>>>,
}

impl Control {
    /// One that can be cancelled by itself, and is cancelled with this one.
    pub(crate) fn child(&self) -> Arc<Self> {
        let child: Arc<Self> = Arc::default();
        let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        if children.len() == children.capacity() {
            children.retain(|child| child.strong_count() > 0);
        }
        children.push(Arc::downgrade(&child));
        drop(children);
        // A cancel before this either saw the child or is seen here.
        if self.is_cancelled() {
            child.cancel();
        }
        child
    }

    /// Ends the guest at its next tick or wait. Stays in force for whatever runs later.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        self.notify.notify_waiters();
        let children = std::mem::take(&mut *self.children.lock().unwrap_or_else(PoisonError::into_inner));
        children.iter().filter_map(Weak::upgrade).for_each(|child| child.cancel());
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Waits on the calling thread.
    pub(crate) fn wait_blocking(&self, wait: &Wait, deadline: Instant) -> WaitEnd {
        let rest = REST.with(Arc::clone);
        let waker = Waker::from(Arc::clone(&rest));
        let mut context = Context::from_waker(&waker);
        let watch = if wait.event.is_some() { WATCH } else { Duration::ZERO };
        let mut told = pin!(self.told(wait, deadline));
        loop {
            if let Some(end) = self.over(wait, deadline) {
                return end;
            }
            if let Poll::Ready(end) = told.as_mut().poll(&mut context) {
                return end;
            }
            let left = next(wait, deadline).saturating_duration_since(Instant::now());
            match wait.stream {
                Some(stream) if rest.takes_until(stream, left) => return WaitEnd::Ready,
                Some(_) => {}
                None => rest.take(left, watch),
            }
        }
    }

    /// Waits in a tokio runtime.
    pub(crate) async fn wait(&self, wait: &Wait, deadline: Instant) -> WaitEnd {
        loop {
            if let Some(end) = self.over(wait, deadline) {
                return end;
            }
            let next = next(wait, deadline);
            match wait.stream {
                Some(stream) => {
                    let left = next.saturating_duration_since(Instant::now());
                    let ready = tokio::task::spawn_blocking(move || stream.ready(left));
                    tokio::select! {
                        end = self.told(wait, deadline) => return end,
                        // A failed join means that the runtime is shutting down; the attempt that follows then finds out.
                        ready = ready => if ready.unwrap_or(true) {
                            return WaitEnd::Ready;
                        }
                    }
                }
                None => {
                    tokio::select! {
                        end = self.told(wait, deadline) => return end,
                        () = tokio::time::sleep_until(next.into()) => {}
                    }
                }
            }
        }
    }

    /// Waits for a cancel or an event; for no moment.
    async fn told(&self, wait: &Wait, deadline: Instant) -> WaitEnd {
        loop {
            let mut cancelled = pin!(self.notify.notified());
            cancelled.as_mut().enable();
            let changed = wait.event.as_ref().map(|event| event.changed());
            let mut changed = pin!(futures::future::OptionFuture::from(changed));
            // What is told from here on is not missed.
            if let Some(end) = self.over(wait, deadline) {
                return end;
            }
            tokio::select! {
                () = cancelled => {}
                Some(()) = changed.as_mut() => {}
            }
        }
    }

    fn over(&self, wait: &Wait, deadline: Instant) -> Option<WaitEnd> {
        let now = Instant::now();
        if self.is_cancelled() {
            Some(WaitEnd::Cancelled)
        } else if wait.until.is_some_and(|until| until <= now && until <= deadline)
            || wait.event.as_ref().is_some_and(|event| event.ready())
        {
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

thread_local! {
    /// Wakes this thread: made by its first wait.
    static REST: Arc<Rest> =
        Arc::new(Rest { thread: thread::current(), woken: AtomicBool::new(false), bell: OnceLock::new() });
}

/// The sleep of a thread, and what wakes it.
struct Rest {
    thread: Thread,
    woken: AtomicBool,
    /// Can be read once something wakes the thread: made by its first wait for a stream, if descriptors are left.
    bell: OnceLock<Option<OwnedFd>>,
}

impl Rest {
    /// Until something wakes the thread, at most `left`; the first `watch` of it awake, as far as nobody else wants to run.
    fn take(&self, left: Duration, watch: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < watch.min(left) {
            if self.woken.swap(false, Ordering::Relaxed) {
                return;
            }
            thread::yield_now();
        }
        thread::park_timeout(left);
        self.woken.store(false, Ordering::Relaxed);
    }

    /// Until the stream is ready, which it says, or something wakes the thread; not much longer than a slice.
    fn takes_until(&self, stream: Stream, left: Duration) -> bool {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let bell = self.bell.get_or_init(|| eventfd(0, flags).ok()).as_ref();
        // What was told before there was a bell is looked at at once.
        let left = if self.woken.swap(false, Ordering::Relaxed) { Duration::ZERO } else { left };
        let ready = stream.ready_unless(left, bell.map(AsFd::as_fd));
        // An empty bell is as good as one that was emptied.
        let _emptied = bell.map(|bell| rustix::io::read(bell, &mut [0; 8]));
        ready
    }
}

impl Wake for Rest {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Relaxed);
        if let Some(Some(bell)) = self.bell.get() {
            // A bell that cannot be rung any more rings.
            let _rung = rustix::io::write(bell, &1_u64.to_ne_bytes());
        }
        self.thread.unpark();
    }
}
