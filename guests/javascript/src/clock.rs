//! Clocks that say nothing before the image is taken, and count from the start of the sandbox afterwards.

use std::cell::Cell;

const REALTIME: i32 = 0;
const MONOTONIC: i32 = 1;

thread_local! {
    /// What the monotonic clock said when the session began, which its copies go on with; `None` in an image.
    static BEGAN: Cell<Option<u64>> = const { Cell::new(None) };
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn clock_time_get(id: i32, precision: i64, time: *mut u64) -> i32;
}

/// `struct timeval` of the C library.
#[repr(C)]
pub struct Timeval {
    seconds: i64,
    microseconds: i64,
}

/// `struct timespec` of the C library.
#[repr(C)]
pub struct Timespec {
    seconds: i64,
    nanoseconds: i32,
}

/// From here on the clocks run. Those of a copy do already, and go on.
pub(crate) fn begin() {
    if BEGAN.get().is_none() {
        BEGAN.set(Some(read(MONOTONIC)));
    }
}

/// Nanoseconds since the session began.
pub(crate) fn elapsed() -> u64 {
    BEGAN.get().map_or(0, |began| read(MONOTONIC).saturating_sub(began))
}

fn read(id: i32) -> u64 {
    let mut time = 0;
    // SAFETY: the host writes eight bytes there. A clock that the policy refuses stands still.
    let refused = unsafe { clock_time_get(id, 1, &raw mut time) } != 0;
    if refused { 0 } else { time }
}

/// What the engine calls instead of `gettimeofday` (`native/prelude.h`).
#[unsafe(no_mangle)]
extern "C" fn guest_gettimeofday(now: &mut Timeval, _zone: i32) -> i32 {
    let time = if BEGAN.get().is_some() { read(REALTIME) } else { 0 };
    now.seconds = (time / 1_000_000_000) as i64;
    now.microseconds = (time % 1_000_000_000 / 1000) as i64;
    0
}

/// What the engine calls instead of `clock_gettime`, always for the monotonic clock.
#[unsafe(no_mangle)]
extern "C" fn guest_clock_gettime(_id: i32, now: &mut Timespec) -> i32 {
    let time = elapsed();
    now.seconds = (time / 1_000_000_000) as i64;
    now.nanoseconds = (time % 1_000_000_000) as i32;
    0
}
