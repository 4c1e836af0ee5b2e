//! How interpreters reach the caller's tools and the network, modules the network and the request that they answer, and where Python leaves its
//! answers. `docs/guest-javascript.md` has JavaScript's imports and `docs/abi.md` that of modules; Python has one, and `host/tools/frame.rs`
//! what it hands over.

use std::time::{Duration, Instant};

use wasmtime::{Caller, Linker};

use super::{
    instance::at_once,
    link::{memory_of, parts},
    store::StoreData,
    trap::Stopped,
    wait::{wait_async, wait_blocking},
};
use crate::{
    engine::Mode,
    host::{Attempt, FAULT, Framed, Stop, Wait, Waited, reply},
    host_function::HostFunction,
};

/// Where guests find what is ours.
pub(super) const MODULE: &str = "wasm_sandbox";
pub(super) const NET: &str = "net";

/// Whether a function of the caller's has the name of ours.
pub(super) fn is_net(function: &HostFunction) -> bool {
    function.module == MODULE && function.name == NET
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
    let mut attempt = Attempt { began: Instant::now(), again: false };
    let (call, until) = loop {
        let at = memory_of(caller);
        let (memory, data) = parts(at, caller);
        let range = pointer as usize..(pointer as usize).saturating_add(len as usize);
        let Some(bytes) = memory.get_mut(range) else { return Ok(FAULT) };
        match data.host.tool_frame(bytes, attempt).map_err(Stopped)? {
            Framed::Done(code) => return Ok(code),
            Framed::Wait { call, until } => break (call, until),
            Framed::Again(waiting) => wait(caller.data_mut(), &waiting, mode).await?,
        }
        attempt.again = true;
    };
    let (call, size) = ended(caller.data_mut(), call, until, mode).await?;
    let at = memory_of(caller);
    let (memory, _) = parts(at, caller);
    Ok(memory.get_mut(pointer as usize..).map_or(FAULT, |frame| reply(frame, call, size)))
}

/// Waits until a call has an answer: its number, 0 when it is late, -1 when none is under way; and the answer's length. Requests
/// of a component go on meanwhile.
pub(super) async fn ended(
    data: &mut StoreData,
    call: Option<u32>,
    until: Option<Instant>,
    mode: Mode,
) -> wasmtime::Result<(i32, u32)> {
    loop {
        match data.host.tool_ended(call, until) {
            Ok(Waited::Ended(call)) => return Ok((call.cast_signed(), data.host.tool_size(call))),
            Ok(Waited::Late) => return Ok((0, 0)),
            Ok(Waited::Nothing) => return Ok((-1, 0)),
            Err(waiting) => {
                let driven = data.host.drive_requests().map_err(Stopped)?;
                let waiting = if driven.moved { Wait::moment() } else { driven.or(waiting) };
                wait(data, &waiting, mode).await?;
            }
        }
    }
}

async fn wait(data: &mut StoreData, wait: &Wait, mode: Mode) -> wasmtime::Result<()> {
    match mode {
        Mode::Blocking => wait_blocking(data, wait),
        Mode::Async => wait_async(data, wait).await,
    }
}

fn add_javascript(linker: &mut Linker<StoreData>, mode: Mode) -> wasmtime::Result<()> {
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
            wasmtime::Result::Ok(ended(caller.data_mut(), None, until, mode).await?.0)
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
    add_net_async(linker, mode)
}

/// What modules have that are no interpreters: the network, and the request that is answered.
pub(super) fn add_net(linker: &mut Linker<StoreData>, mode: Mode) -> wasmtime::Result<()> {
    match mode {
        Mode::Async => add_net_async(linker, mode),
        Mode::Blocking => {
            let at_once = move |mut caller: Caller<'_, StoreData>, pointer: u32, len: u32| {
                at_once(net(&mut caller, pointer, len, mode))
            };
            linker.func_wrap(MODULE, NET, at_once).map(|_| ())
        }
    }
}

fn add_net_async(linker: &mut Linker<StoreData>, mode: Mode) -> wasmtime::Result<()> {
    linker.func_wrap_async(MODULE, NET, move |mut caller: Caller<'_, StoreData>, (pointer, len): (u32, u32)| {
        Box::new(async move { net(&mut caller, pointer, len, mode).await })
    })?;
    Ok(())
}

/// A frame that is none for tools.
async fn net(caller: &mut Caller<'_, StoreData>, pointer: u32, len: u32, mode: Mode) -> wasmtime::Result<i32> {
    match memory(caller, pointer, 1) {
        Some([b'n' | b'h']) => frame(caller, pointer, len, mode).await,
        _ => Ok(FAULT),
    }
}

fn memory<'a>(caller: &'a mut Caller<'_, StoreData>, pointer: u32, len: usize) -> Option<&'a mut [u8]> {
    let at = memory_of(caller);
    let (memory, _) = parts(at, caller);
    memory.get_mut(pointer as usize..(pointer as usize).saturating_add(len))
}

fn outside() -> wasmtime::Error {
    Stopped(Stop::Trap("a tool was called with addresses outside of the guest's memory".to_owned())).into()
}
