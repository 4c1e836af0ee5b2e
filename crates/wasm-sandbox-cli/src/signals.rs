//! Ctrl-C, and the request to end: the guest is stopped, what it has done stays done, and nothing is said.

use std::{
    fs, io,
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI32, Ordering},
    },
    thread,
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
    low_level::emulate_default_handler,
};
use wasm_sandbox::CancelHandle;

/// The guest that runs, if one does.
static RUNNING: Mutex<Option<CancelHandle>> = Mutex::new(None);

/// The signal that stopped it; none so far.
static RECEIVED: AtomicI32 = AtomicI32::new(0);

/// Watches for signals as long as the process lives. Without a guest, and when one does not come to its end, a signal does what
/// it does to every program.
///
/// # Errors
/// The system has no room for a thread or a handler.
pub(crate) fn watch() -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal)))?;
    let watch = move || {
        for signal in signals.forever() {
            stop(signal);
        }
    };
    thread::Builder::new().name("wasm-sandbox-signals".to_owned()).spawn(watch).map(|_| ())
}

/// Lets signals stop a guest, as long as the value lives.
pub(crate) fn stopping(guest: CancelHandle) -> Stopping {
    *running() = Some(guest);
    Stopping
}

/// Signals stop the guest.
pub(crate) struct Stopping;

impl Drop for Stopping {
    fn drop(&mut self) {
        *running() = None;
    }
}

/// How the process ends if a signal has stopped the guest: as shells say it of programs that a signal ended.
pub(crate) fn ending() -> Option<ExitCode> {
    match RECEIVED.load(Ordering::SeqCst) {
        0 => None,
        signal => Some(ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))),
    }
}

/// Whether signals are for somebody else.
static ELSEWHERE: AtomicBool = AtomicBool::new(false);

/// Leaves signals to whoever listens to them from now on.
pub(crate) fn leave() {
    ELSEWHERE.store(true, Ordering::SeqCst);
}

fn stop(signal: i32) {
    if ELSEWHERE.load(Ordering::SeqCst) {
        return;
    }
    match running().take() {
        Some(guest) => {
            RECEIVED.store(signal, Ordering::SeqCst);
            guest.cancel();
        }
        // It fails for no signal that is watched for.
        None => drop(emulate_default_handler(signal)),
    }
}

fn running() -> std::sync::MutexGuard<'static, Option<CancelHandle>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether whoever started this process has it ignore a signal, as shells do for what runs in the background. Where it cannot be
/// told, nobody has.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask >> (signal - 1) & 1 == 1
}
