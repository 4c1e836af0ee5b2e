//! How interpreters reach the caller's tools, and where Python leaves its answers. `docs/guest-javascript.md` has JavaScript's
//! imports. Python has one, which hands over a frame that the host reads and writes in place: the first byte says what it is.

use std::time::{Duration, Instant};

use wasmtime::{Caller, Linker};

use super::{
    link::{memory_of, parts},
    store::StoreData,
    trap::Stopped,
    wait::{wait_async, wait_blocking},
};
use crate::{
    engine::Mode,
    host::{Stop, Waited},
};

/// Bytes of a frame before what it carries. The host writes a call's number and the length of its answer there.
const HEAD: usize = 8;

/// What the door says to addresses outside of the memory, and to frames that it does not know.
const FAULT: i32 = -2;

/// What a frame of Python's asks for.
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
}

pub(super) fn add(linker: &mut Linker<StoreData>, mode: Mode) -> wasmtime::Result<()> {
    add_python(linker, mode)?;
    add_javascript(linker, mode)
}

fn add_python(linker: &mut Linker<StoreData>, mode: Mode) -> wasmtime::Result<()> {
    linker.func_wrap_async(
        "host",
        "call",
        move |mut caller: Caller<'_, StoreData>, (pointer, len, out, out_len): (u32, u32, u32, u32)| {
            Box::new(async move {
                // What goes back is in the frame; beside it there is nothing.
                for place in [out, out_len] {
                    match memory(&mut caller, place, 4) {
                        Some(nothing) => nothing.fill(0),
                        None => return Ok(FAULT),
                    }
                }
                frame(&mut caller, pointer, len, mode).await
            })
        },
    )?;
    Ok(())
}

async fn frame(caller: &mut Caller<'_, StoreData>, pointer: u32, len: u32, mode: Mode) -> wasmtime::Result<i32> {
    let at = memory_of(caller);
    let (memory, data) = parts(at, caller);
    let range = pointer as usize..(pointer as usize).saturating_add(len as usize);
    let Some(bytes) = memory.get_mut(range) else { return Ok(FAULT) };
    let Some(kind) = Frame::of(bytes) else { return Ok(FAULT) };
    let carried = bytes.get(HEAD..).unwrap_or_default();
    let (call, until) = match kind {
        Frame::Answer => {
            data.host.answer(bytes).map_err(Stopped)?;
            return Ok(0);
        }
        Frame::Take(call) => {
            let room = bytes.get_mut(..data.host.tool_size(call) as usize);
            let Some(room) = room.filter(|room| !room.is_empty()) else { return Ok(FAULT) };
            let Some(answer) = data.host.tool_take(call).map_err(Stopped)? else { return Ok(FAULT) };
            room.iter_mut().zip(answer).for_each(|(room, byte)| *room = byte);
            return Ok(0);
        }
        Frame::Cancel(call) => {
            data.host.tool_cancel(call).map_err(Stopped)?;
            return Ok(0);
        }
        Frame::Start | Frame::List => {
            let call = match kind {
                Frame::Start => data.host.tool_start(carried),
                _ => data.host.tool_list(),
            };
            let call = call.map_err(Stopped)?;
            let size = data.host.tool_size(call);
            return Ok(reply(bytes, call.cast_signed(), size));
        }
        Frame::Call => match data.host.tool_start(carried).map_err(Stopped)? {
            0 => return Ok(reply(bytes, 0, 0)),
            call => (Some(call), None),
        },
        Frame::Wait(patience) => {
            data.host.count_call(0).map_err(Stopped)?;
            (None, patience.and_then(|patience| Instant::now().checked_add(patience)))
        }
    };
    let (call, size) = ended(caller, call, until, mode).await?;
    let at = memory_of(caller);
    let (memory, _) = parts(at, caller);
    Ok(memory.get_mut(pointer as usize..).map_or(FAULT, |frame| reply(frame, call, size)))
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
            _ => None,
        }
    }
}

fn reply(frame: &mut [u8], call: i32, size: u32) -> i32 {
    let Some((number, rest)) = frame.split_first_chunk_mut() else { return FAULT };
    let Some(len) = rest.first_chunk_mut() else { return FAULT };
    (*number, *len) = (call.to_le_bytes(), size.to_le_bytes());
    0
}

/// Waits until a call has an answer: its number, 0 when it is late, -1 when none is under way; and the answer's length.
async fn ended(
    caller: &mut Caller<'_, StoreData>,
    call: Option<u32>,
    until: Option<Instant>,
    mode: Mode,
) -> wasmtime::Result<(i32, u32)> {
    loop {
        let data = caller.data_mut();
        match data.host.tool_ended(call, until) {
            Ok(Waited::Ended(call)) => return Ok((call.cast_signed(), data.host.tool_size(call))),
            Ok(Waited::Late) => return Ok((0, 0)),
            Ok(Waited::Nothing) => return Ok((-1, 0)),
            Err(wait) => match mode {
                Mode::Blocking => wait_blocking(data, &wait)?,
                Mode::Async => wait_async(data, &wait).await?,
            },
        }
    }
}

fn add_javascript(linker: &mut Linker<StoreData>, mode: Mode) -> wasmtime::Result<()> {
    const MODULE: &str = "wasm_sandbox";
    linker.func_wrap(MODULE, "tool_start", |mut caller: Caller<'_, StoreData>, pointer: u32, len: u32| {
        let at = memory_of(&mut caller);
        let (memory, data) = parts(at, &mut caller);
        let range = pointer as usize..(pointer as usize).saturating_add(len as usize);
        let request = memory.get(range).ok_or_else(outside)?;
        wasmtime::Result::Ok(data.host.tool_start(request).map_err(Stopped)?.cast_signed())
    })?;
    linker.func_wrap_async(MODULE, "tool_wait", move |mut caller: Caller<'_, StoreData>, (patience,): (i64,)| {
        Box::new(async move {
            caller.data_mut().host.count_call(0).map_err(Stopped)?;
            let patience = u64::try_from(patience).ok().map(Duration::from_millis);
            let until = patience.and_then(|patience| Instant::now().checked_add(patience));
            wasmtime::Result::Ok(ended(&mut caller, None, until, mode).await?.0)
        })
    })?;
    linker.func_wrap(MODULE, "tool_size", |mut caller: Caller<'_, StoreData>, call: u32| {
        let host = &mut caller.data_mut().host;
        host.count_call(0).map_err(Stopped)?;
        wasmtime::Result::Ok(host.tool_size(call))
    })?;
    linker.func_wrap(MODULE, "tool_take", |mut caller: Caller<'_, StoreData>, call: u32, pointer: u32| {
        let Some(answer) = caller.data_mut().host.tool_take(call).map_err(Stopped)? else { return Ok(()) };
        let room = memory(&mut caller, pointer, answer.len()).ok_or_else(outside)?;
        room.copy_from_slice(&answer);
        wasmtime::Result::Ok(())
    })?;
    Ok(())
}

fn memory<'a>(caller: &'a mut Caller<'_, StoreData>, pointer: u32, len: usize) -> Option<&'a mut [u8]> {
    let at = memory_of(caller);
    let (memory, _) = parts(at, caller);
    memory.get_mut(pointer as usize..(pointer as usize).saturating_add(len))
}

fn outside() -> wasmtime::Error {
    Stopped(Stop::Trap("a tool was called with addresses outside of the guest's memory".to_owned())).into()
}
