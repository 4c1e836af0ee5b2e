//! Calls of the host's tools. Several can be under way at once; the event loop waits for whichever ends first.

use std::{cell::RefCell, collections::BTreeMap, time::Duration};

use rquickjs::{Ctx, Function, Persistent, Result};

use crate::engine;

#[link(wasm_import_module = "wasm_sandbox")]
unsafe extern "C" {
    /// Begins a call, described by JSON; its number, above zero.
    fn tool_start(pointer: *const u8, len: usize) -> i32;
    /// Waits until a call has ended: its number, 0 after `timeout_ms`, -1 when none is under way.
    fn tool_wait(timeout_ms: i64) -> i32;
    /// Bytes of an ended call's answer.
    fn tool_size(id: i32) -> i32;
    /// Copies the answer to `pointer` and forgets the call.
    fn tool_take(id: i32, pointer: *mut u8);
}

type Settle = Persistent<Function<'static>>;

thread_local! {
    /// Who waits for which call.
    static CALLS: RefCell<BTreeMap<i32, Settle>> = const { RefCell::new(BTreeMap::new()) };
}

/// Begins the call that `request` describes; `settle` gets its answer. False when the host did not take it.
pub(crate) fn start(request: &str, settle: Settle) -> bool {
    // SAFETY: the host only reads the text.
    let id = unsafe { tool_start(request.as_ptr(), request.len()) };
    if id > 0 {
        CALLS.with_borrow_mut(|calls| calls.insert(id, settle));
    }
    id > 0
}

/// Whether a call is under way that somebody waits for.
pub(crate) fn pending() -> bool {
    CALLS.with_borrow(|calls| !calls.is_empty())
}

/// Waits for one call, or as long as `timeout`, and hands its answer over.
pub(crate) fn wait(ctx: &Ctx<'_>, timeout: Option<Duration>) -> Result<()> {
    let ms = timeout.map_or(-1, |timeout| i64::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX));
    // SAFETY: no memory is touched.
    let id = unsafe { tool_wait(ms) };
    if id == 0 {
        return Ok(());
    }
    if id < 0 {
        // The host knows of no call: whoever waits would wait for ever.
        forget();
        return Ok(());
    }
    let answer = take(id);
    let Some(settle) = CALLS.with_borrow_mut(|calls| calls.remove(&id)) else { return Ok(()) };
    let answer = engine::parse_json(ctx, &answer)?;
    settle.restore(ctx)?.call((answer,))
}

fn take(id: i32) -> String {
    // SAFETY: the host says how long the answer is and writes as much.
    let bytes = unsafe {
        let mut bytes = vec![0; usize::try_from(tool_size(id)).unwrap_or(0)];
        tool_take(id, bytes.as_mut_ptr());
        bytes
    };
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Nobody waits for the calls that are under way any more.
pub(crate) fn forget() {
    let _calls = CALLS.take();
}
