//! Requests of HTTP: those that the host makes, and the one that is answered. Several can be under way at once: what the host cannot do at once is asked for again
//! once something has changed. The frames are those of the host's `net_frame.rs`, and one of them waits for everything that there is.

use std::{
    cell::RefCell,
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use rquickjs::{ArrayBuffer, Ctx, Function, Persistent, Result, Value, convert::List};

use crate::{input, tools};

#[link(wasm_import_module = "wasm_sandbox")]
unsafe extern "C" {
    /// Hands over a frame, which the host reads and writes in place; less than zero for one that it does not know.
    fn net(pointer: *mut u8, len: usize) -> i32;
}

/// Bytes of a frame before what it carries or answers.
const HEAD: usize = 16;

/// What is asked about the request that is answered.
const SERVES: u8 = b'h';

/// What is waited for besides requests.
const TOOLS: u16 = 1;
const READS: u16 = 2;
const WRITES: u16 = 4;
const INPUT: u16 = 8;

/// What the host says when something cannot be done yet, and when it does not know a frame.
const LATE: i32 = -12;
const UNKNOWN: i32 = -11;

/// Bytes of messages.
const MESSAGE: usize = 1024;

type Settle = Persistent<Function<'static>>;

/// Something that was asked for.
pub(crate) struct Asked {
    /// `n` for a request that the host makes, `h` for the one that is answered.
    kind: u8,
    asks: u8,
    port: u16,
    /// The request's number.
    request: u32,
    carried: Vec<u8>,
    /// Bytes of the answer that there is room for.
    room: usize,
}

/// How it went, 0 or more, or less for a failure; and the answer or message.
type Answer = (i32, Vec<u8>);

thread_local! {
    /// What cannot be done yet, and who waits for it.
    static WAITING: RefCell<Vec<(Asked, Settle)>> = const { RefCell::new(Vec::new()) };
    /// Requests that are open, and who wants to begin one when another has ended.
    static OPEN: RefCell<BTreeSet<u32>> = const { RefCell::new(BTreeSet::new()) };
    static QUEUE: RefCell<VecDeque<Settle>> = const { RefCell::new(VecDeque::new()) };
}

impl Asked {
    pub(crate) fn new([kind, asks]: [u8; 2], request: u32, port: u16, carried: Vec<u8>, room: usize) -> Self {
        Self { kind, asks, port, request, carried, room: room.max(MESSAGE) }
    }

    /// Asks the host, and waits as long for it; none if it cannot be done in that time.
    fn ask(&self, patience: Option<Duration>) -> Option<Answer> {
        let ms = patience.map_or(-1, |time| i32::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX));
        // Where bytes are asked for, what the frame carries is the room for them.
        let takes = matches!([self.kind, self.asks], [b'n', b'g'] | [SERVES, b'r']);
        let carried = if takes { self.room } else { self.carried.len() };
        let mut frame = vec![self.kind, self.asks];
        frame.extend(self.port.to_le_bytes());
        frame.extend(self.request.to_le_bytes());
        frame.extend(u32::try_from(carried).unwrap_or(u32::MAX).to_le_bytes());
        frame.extend(ms.to_le_bytes());
        frame.extend(&self.carried);
        frame.resize(frame.len().max(HEAD + self.room), 0);
        // SAFETY: the host reads and writes the frame, and nothing beside it.
        if unsafe { net(frame.as_mut_ptr(), frame.len()) } < 0 {
            return Some((UNKNOWN, b"the host does not know it".to_vec()));
        }
        let word = |at: usize| frame.get(at..at + 4).and_then(|word| word.first_chunk().copied()).unwrap_or_default();
        let (status, len) = (i32::from_le_bytes(word(0)), u32::from_le_bytes(word(4)) as usize);
        frame.drain(..HEAD);
        frame.truncate(len);
        (status != LATE).then_some((status, frame))
    }
}

/// Asks for something: the answer, if there is one at once; otherwise `settle` gets it.
pub(crate) fn ask<'js>(ctx: &Ctx<'js>, asked: Asked, settle: Settle) -> Result<Option<List<(i32, Value<'js>)>>> {
    match asked.ask(Some(Duration::ZERO)) {
        Some((status, bytes)) => Ok(Some(List((status, ArrayBuffer::new(ctx.clone(), bytes)?.into_value())))),
        None => {
            WAITING.with_borrow_mut(|waiting| waiting.push((asked, settle)));
            Ok(None)
        }
    }
}

/// Whether something was asked for that somebody waits for.
pub(crate) fn pending() -> bool {
    WAITING.with_borrow(|waiting| !waiting.is_empty())
}

/// Hands over one answer, if there is one: nobody waits twice who did not let the others have their turn. Whether there was.
pub(crate) fn settle_one(ctx: &Ctx<'_>) -> Result<bool> {
    let ended = WAITING.with_borrow_mut(|waiting| {
        let (at, answer) = waiting
            .iter()
            .enumerate()
            .find_map(|(at, (asked, _))| asked.ask(Some(Duration::ZERO)).map(|answer| (at, answer)))?;
        Some((waiting.remove(at).1, answer))
    });
    let Some((settle, (status, bytes))) = ended else { return Ok(false) };
    let bytes = ArrayBuffer::new(ctx.clone(), bytes)?;
    settle.restore(ctx)?.call::<_, ()>((status, bytes))?;
    Ok(true)
}

/// Waits until something can go on, a tool has an answer or there is input, or as long as `timeout`. Whether there is input.
pub(crate) fn wait(timeout: Option<Duration>) -> bool {
    let mut requests = Vec::new();
    let mut also = if tools::pending() { TOOLS } else { 0 };
    also |= if input::pending() { INPUT } else { 0 };
    WAITING.with_borrow(|waiting| {
        for (asked, _) in waiting {
            match [asked.kind, asked.asks] {
                [SERVES, b'r'] => also |= READS,
                [SERVES, _] => also |= WRITES,
                _ => requests.extend(asked.request.to_le_bytes()),
            }
        }
    });
    matches!(Asked::new(*b"nw", 0, also, requests, 0).ask(timeout), Some((status, _)) if status == i32::from(INPUT))
}

/// A request has begun.
pub(crate) fn opened(request: u32) {
    OPEN.with_borrow_mut(|open| open.insert(request));
}

/// Whether a request is open.
pub(crate) fn is_open() -> bool {
    OPEN.with_borrow(|open| !open.is_empty())
}

/// Whether others wait for a request to end, too.
pub(crate) fn is_full() -> bool {
    QUEUE.with_borrow(|queue| !queue.is_empty())
}

/// Calls `settle` when another request has ended.
pub(crate) fn queue(settle: Settle) {
    QUEUE.with_borrow_mut(|queue| queue.push_back(settle));
}

/// Tells the first who waits to begin.
pub(crate) fn next(ctx: &Ctx<'_>) -> Result<()> {
    match QUEUE.with_borrow_mut(VecDeque::pop_front) {
        Some(settle) => settle.restore(ctx)?.call(()),
        None => Ok(()),
    }
}

/// Nobody waits for the request any more: what it was asked for is not asked again.
pub(crate) fn close(request: u32) {
    OPEN.with_borrow_mut(|open| open.remove(&request));
    let _closed = Asked::new(*b"nq", request, 0, Vec::new(), 0).ask(Some(Duration::ZERO));
    let kept = |asked: &Asked| asked.request != request;
    let _left: Vec<_> = WAITING.with_borrow_mut(|waiting| waiting.extract_if(.., |(asked, _)| !kept(asked)).collect());
}

/// Nobody waits for anything any more. A request that somebody waited for ends.
pub(crate) fn forget() {
    let left = WAITING.take();
    left.iter().filter(|(asked, _)| asked.request > 0).for_each(|(asked, _)| close(asked.request));
    let _queue = QUEUE.take();
}
