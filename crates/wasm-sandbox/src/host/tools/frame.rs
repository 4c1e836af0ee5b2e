//! How Python reaches tools and the network, and leaves its answers: its one import hands over a frame that the host reads and writes in place.
//! The first byte says what it is.

use std::time::{Duration, Instant};

use super::super::{Host, Stop, Wait};

/// Bytes of a frame before what it carries. The host writes a call's number and the length of its answer there.
const HEAD: usize = 8;

/// What is said to addresses outside of the memory, and to frames that are not known.
pub(crate) const FAULT: i32 = -2;

/// What a frame asks for.
enum Frame {
    /// An answer to a request of the host's.
    Answer,
    /// To make a call and wait for its answer.
    Call,
    /// To begin a call.
    Start,
    /// To wait for any call: for ever, or at most so long.
    Wait(Option<Duration>),
    /// To write an ended call's answer into the frame.
    Take(u32),
    Cancel(u32),
    /// What tools there are, as the answer of a call.
    List,
    /// Something of the network, or of the HTTP request that is being answered.
    Network,
}

/// Which attempt at a frame this is: a frame that has to wait is handed over again.
#[derive(Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) began: Instant,
    pub(crate) again: bool,
}

/// How far a frame has come.
pub(crate) enum Framed {
    /// The import returns this.
    Done(i32),
    /// First this call has to end, or any, or this moment to come; then [`reply`] tells of it.
    Wait { call: Option<u32>, until: Option<Instant> },
    /// First this has to end; then the frame is to be handed over again, as it is.
    Again(Wait),
}

impl Host {
    /// Does what a frame asks for.
    pub(crate) fn tool_frame(&mut self, bytes: &mut [u8], attempt: Attempt) -> Result<Framed, Stop> {
        let Some(kind) = Frame::of(bytes) else { return Ok(Framed::Done(FAULT)) };
        let carried = bytes.get(HEAD..).unwrap_or_default();
        let code = match kind {
            Frame::Network => return self.net_frame(bytes, attempt),
            Frame::Answer => {
                self.answer(bytes)?;
                0
            }
            Frame::Take(call) => self.take_into(call, bytes)?,
            Frame::Cancel(call) => {
                self.tool_cancel(call)?;
                0
            }
            Frame::Start | Frame::List => {
                let call = if let Frame::Start = kind { self.tool_start(carried)? } else { self.tool_list()? };
                reply(bytes, call.cast_signed(), self.tool_size(call))
            }
            Frame::Call => match self.tool_start(carried)? {
                0 => reply(bytes, 0, 0),
                call => return Ok(Framed::Wait { call: Some(call), until: None }),
            },
            Frame::Wait(patience) => {
                self.count_call(0)?;
                let until = patience.and_then(|patience| Instant::now().checked_add(patience));
                return Ok(Framed::Wait { call: None, until });
            }
        };
        Ok(Framed::Done(code))
    }

    fn take_into(&mut self, call: u32, frame: &mut [u8]) -> Result<i32, Stop> {
        let room = frame.get_mut(..self.tool_size(call) as usize);
        let Some(room) = room.filter(|room| !room.is_empty()) else { return Ok(FAULT) };
        let Some(answer) = self.tool_take(call)? else { return Ok(FAULT) };
        room.iter_mut().zip(answer).for_each(|(room, byte)| *room = byte);
        Ok(0)
    }
}

impl Frame {
    fn of(bytes: &[u8]) -> Option<Self> {
        let call = || bytes.get(4..HEAD).and_then(|call| call.first_chunk().copied()).map(u32::from_le_bytes);
        match bytes.first()? {
            b'{' => Some(Self::Answer),
            _ if bytes.len() < HEAD => None,
            b'c' => Some(Self::Call),
            b's' => Some(Self::Start),
            b'w' => {
                let patience =
                    bytes.get(HEAD..).and_then(|bytes| bytes.first_chunk().copied()).map(i64::from_le_bytes)?;
                Some(Self::Wait(u64::try_from(patience).ok().map(Duration::from_millis)))
            }
            b't' => call().map(Self::Take),
            b'x' => call().map(Self::Cancel),
            b'l' => Some(Self::List),
            b'n' | b'h' => Some(Self::Network),
            _ => None,
        }
    }
}

/// Writes a call's number and the length of its answer into a frame: 0 when none came in time, -1 when none is under way.
pub(crate) fn reply(frame: &mut [u8], call: i32, size: u32) -> i32 {
    let Some((number, rest)) = frame.split_first_chunk_mut() else { return FAULT };
    let Some(len) = rest.first_chunk_mut() else { return FAULT };
    (*number, *len) = (call.to_le_bytes(), size.to_le_bytes());
    0
}
