//! A body on its way between a guest and whoever is on the other side: a few pieces at a time, so that neither runs ahead.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use futures::task::AtomicWaker;
use http::HeaderMap;
use tokio::sync::{Notify, futures::Notified};

use crate::{
    host::{
        control::{Event, Wait},
        wasi2::{Lent, WrongLength},
    },
    vfs::Errno,
};

/// Bytes that are on their way at most.
pub(super) const CAPACITY: usize = 64 << 10;

/// How a body ends.
#[derive(Clone, Debug)]
pub(crate) enum End {
    /// As it should, with what comes behind it.
    Whole(Option<HeaderMap>),
    /// Its sender has gone, or has sent something else than it said; what the guest is told of that, if it reads.
    Broken(Errno),
}

/// What there is to read.
pub(crate) enum Taken {
    Piece(Bytes),
    End(End),
}

/// A body. The guest is on one side of it; which one is the same for all of its life.
#[derive(Default)]
pub(crate) struct Pipe {
    state: Mutex<State>,
    /// Tells the guest that something changed, once there is one; the same for all that a guest waits for.
    guest: OnceLock<Arc<Notify>>,
    /// Wakes who is on the other side.
    other: AtomicWaker,
    /// Whether it is of a request that the guest makes.
    is_request: bool,
    /// Bytes that were said of it.
    length: Option<u64>,
    /// What of the guest's memory it takes, if the guest made it.
    _lent: Option<Lent>,
}

#[derive(Default)]
struct State {
    bytes: BytesMut,
    sent: u64,
    end: Option<End>,
    /// Whether nobody reads it any more.
    has_no_reader: bool,
    /// Whether what is sent is forgotten, for nobody wants a body.
    unwanted: bool,
}

impl Pipe {
    /// For a guest that is still to come.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// That is held in a guest's memory, and tells it of changes.
    pub(super) fn of_guest(changed: &Arc<Notify>, length: Option<u64>, lent: Lent) -> Arc<Self> {
        Self::held(changed, length, lent, false)
    }

    /// The body of a request that a guest makes.
    pub(super) fn of_request(changed: &Arc<Notify>, length: Option<u64>, lent: Lent) -> Arc<Self> {
        Self::held(changed, length, lent, true)
    }

    fn held(changed: &Arc<Notify>, length: Option<u64>, lent: Lent, is_request: bool) -> Arc<Self> {
        let pipe = Self { is_request, length, _lent: Some(lent), ..Self::default() };
        pipe.tells(changed);
        Arc::new(pipe)
    }

    /// The guest that it tells of changes has come.
    pub(super) fn tells(&self, changed: &Arc<Notify>) {
        self.guest.get_or_init(|| Arc::clone(changed));
    }

    /// How many bytes may be sent now; none to one that has ended.
    pub(crate) fn room(&self) -> usize {
        let state = self.state();
        if state.end.is_some() { 0 } else { CAPACITY.saturating_sub(state.bytes.len()) }
    }

    /// Whether it is of a request that the guest makes.
    pub(super) fn is_request(&self) -> bool {
        self.is_request
    }

    /// What it has, where another length was said.
    pub(super) fn wrong_length(&self) -> WrongLength {
        WrongLength { is_request: self.is_request, written: self.sent() }
    }

    /// Bytes that were said of it.
    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    /// Bytes that were sent into it.
    pub(crate) fn sent(&self) -> u64 {
        self.state().sent
    }

    /// Whether nobody reads it any more.
    pub(crate) fn has_no_reader(&self) -> bool {
        self.state().has_no_reader
    }

    pub(crate) fn has_end(&self) -> bool {
        self.state().end.is_some()
    }

    /// Whether something can be read, the end included.
    pub(crate) fn is_ready(&self) -> bool {
        let state = self.state();
        !state.bytes.is_empty() || state.end.is_some()
    }

    /// Sends some bytes, not more than there is room for. One that has ended, or that nobody reads, takes them and forgets them.
    pub(crate) fn send(&self, bytes: &[u8]) {
        let mut state = self.state();
        if state.end.is_none() && !state.has_no_reader {
            state.sent = state.sent.saturating_add(bytes.len() as u64);
            if !state.unwanted {
                state.bytes.extend_from_slice(bytes);
            }
        }
        self.changed(state);
    }

    /// Ends it, for it would have so many bytes more, and with them more than were said.
    pub(super) fn overflow(&self, more: usize) {
        let mut state = self.state();
        state.sent = state.sent.saturating_add(more as u64);
        state.end.get_or_insert(End::Broken(Errno::Connreset));
        self.changed(state);
    }

    /// Ends it, unless it has ended. What was sent before can still be read.
    pub(crate) fn end(&self, end: End) {
        let mut state = self.state();
        state.end.get_or_insert(end);
        self.changed(state);
    }

    /// Takes what comes next, at most so many bytes; nothing if it is still to come.
    pub(crate) fn take(&self, most: usize) -> Option<Taken> {
        let mut state = self.state();
        if state.bytes.is_empty() {
            return state.end.clone().map(Taken::End);
        }
        let len = state.bytes.len().min(most);
        let piece = state.bytes.split_to(len).freeze();
        self.changed(state);
        Some(Taken::Piece(piece))
    }

    /// Nobody reads it from here on.
    pub(crate) fn stop_reading(&self) {
        let mut state = self.state();
        state.has_no_reader = true;
        state.bytes = BytesMut::new();
        self.changed(state);
    }

    /// Whether nobody wants to read it.
    pub(crate) fn is_unwanted(&self) -> bool {
        self.state().unwanted
    }

    /// Nobody wants to read it, and the sender need not know.
    pub(crate) fn forget(&self) {
        let mut state = self.state();
        state.unwanted = true;
        state.bytes = BytesMut::new();
        self.changed(state);
    }

    /// The end, if it has come and everything before it was read.
    pub(crate) fn ended(&self) -> Option<End> {
        let state = self.state();
        state.end.clone().filter(|_| state.bytes.is_empty())
    }

    /// Until it can be read or written.
    pub(crate) fn wait(self: &Arc<Self>, way: Way) -> Wait {
        let flow = Flow::of(vec![(Arc::clone(self), way)]);
        Wait { event: flow.map(|flow| Box::new(flow) as Box<dyn Event>), ..Wait::default() }
    }

    /// Bytes that are still to come, where all were sent and nothing comes behind them.
    pub(crate) fn left(&self) -> Option<u64> {
        let state = self.state();
        matches!(state.end, Some(End::Whole(None))).then_some(state.bytes.len() as u64)
    }

    /// Whether it has come to its end, or to as many bytes as were said.
    pub(crate) fn is_all_taken(&self) -> bool {
        let state = self.state();
        state.bytes.is_empty() && (state.end.is_some() || self.length.is_some_and(|length| state.sent >= length))
    }

    /// For the other side: ready once there is something to read.
    pub(crate) fn poll_take(&self, context: &Context<'_>) -> Poll<Taken> {
        self.other.register(context.waker());
        self.take(usize::MAX).map_or(Poll::Pending, Poll::Ready)
    }

    /// For the other side: ready once there is room, or nobody to read.
    pub(crate) fn poll_room(&self, context: &Context<'_>) -> Poll<()> {
        self.other.register(context.waker());
        if self.room() > 0 || self.has_no_reader() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self, state: MutexGuard<'_, State>) {
        drop(state);
        if let Some(guest) = self.guest.get() {
            guest.notify_waiters();
        }
        self.other.wake();
    }
}

/// What a guest does with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Reads,
    Writes,
}

impl Way {
    /// Whether it would not wait.
    pub(crate) fn is_ready(self, pipe: &Pipe) -> bool {
        match self {
            Self::Reads => pipe.is_ready(),
            Self::Writes => pipe.room() > 0 || pipe.has_no_reader() || pipe.has_end(),
        }
    }
}

/// That one of some bodies of a guest's can be read or written.
pub(crate) struct Flow {
    bodies: Vec<(Arc<Pipe>, Way)>,
    guest: Arc<Notify>,
}

impl Flow {
    /// None without a body that has a guest.
    pub(crate) fn of(bodies: Vec<(Arc<Pipe>, Way)>) -> Option<Self> {
        let guest = bodies.first().and_then(|(pipe, _)| pipe.guest.get().cloned())?;
        Some(Self { bodies, guest })
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Flow").field("bodies", &self.bodies.len()).finish_non_exhaustive()
    }
}

impl Event for Flow {
    fn ready(&self) -> bool {
        self.bodies.iter().any(|(pipe, way)| way.is_ready(pipe))
    }

    fn changed(&self) -> Notified<'_> {
        self.guest.notified()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    fn text(taken: Option<Taken>) -> Option<String> {
        match taken? {
            Taken::Piece(piece) => Some(String::from_utf8(piece.to_vec()).unwrap()),
            Taken::End(End::Whole(_)) => Some("whole".to_owned()),
            Taken::End(End::Broken(_)) => Some("broken".to_owned()),
        }
    }

    #[test]
    fn what_is_sent_is_read_in_order_and_then_the_end() {
        let pipe = Pipe::new();
        assert!(text(pipe.take(10)).is_none());
        pipe.send(b"hello, ");
        pipe.send(b"world");
        pipe.end(End::Whole(None));
        pipe.end(End::Broken(Errno::Connreset));
        pipe.send(b"too late");
        assert_eq!(
            [text(pipe.take(3)), text(pipe.take(4)), text(pipe.take(10))].map(Option::unwrap).concat(),
            "hello, world"
        );
        assert_eq!(text(pipe.take(1)).as_deref(), Some("whole"));
        assert_eq!(pipe.room(), 0);
    }

    #[test]
    fn there_is_no_room_for_more_than_its_capacity_until_somebody_reads() {
        let pipe = Pipe::new();
        pipe.send(&vec![0; CAPACITY]);
        assert_eq!((pipe.room(), Way::Writes.is_ready(&pipe)), (0, false));
        drop(pipe.take(1000));
        assert_eq!(pipe.room(), 1000);
        pipe.stop_reading();
        pipe.send(b"unheard");
        assert!(!pipe.is_ready() && pipe.has_no_reader());
    }
}
