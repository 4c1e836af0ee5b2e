//! Ctrl-C, and the request to end: the guest is stopped, what it has done stays done, and nothing is said.

use std::{
    fs, io,
    process::ExitCode,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI32, Ordering},
    },
    thread,
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
    low_level::emulate_default_handler,
};

/// Stops what is under way.
type Stop = Box<dyn FnOnce() + Send>;

/// How what is under way is stopped: a guest that runs, or a server.
static UNDER_WAY: Mutex<Option<Stop>> = Mutex::new(None);

/// The signal that stopped it; none so far.
static RECEIVED: AtomicI32 = AtomicI32::new(0);

/// Watches for signals as long as the process lives. Where nothing is under way, or what was stopped has not come to its end
/// yet, a signal does what it does to every program.
///
/// # Errors
/// The system has no room for a thread or a handler.
pub(crate) fn watch() -> io::Result<()> {
    let ignored = ignored();
    let is_watched = |signal: &i32| ignored >> (signal - 1) & 1 == 0;
    let mut signals = Signals::new([SIGINT, SIGTERM].into_iter().filter(is_watched))?;
    let watch = move || {
        for signal in signals.forever() {
            stop(signal);
        }
    };
    thread::Builder::new().name("wasm-sandbox-signals".to_owned()).spawn(watch).map(|_| ())
}

/// Lets the first signal do this in place of what it does to every program, as long as the value lives.
pub(crate) fn stopping(stop: impl FnOnce() + Send + 'static) -> Stopping {
    *under_way() = Some(Box::new(stop));
    Stopping
}

/// Signals stop what is under way.
pub(crate) struct Stopping;

impl Drop for Stopping {
    fn drop(&mut self) {
        *under_way() = None;
    }
}

/// How the process ends if a signal has stopped a guest: as shells say it of programs that a signal ended.
pub(crate) fn ending() -> Option<ExitCode> {
    match RECEIVED.load(Ordering::SeqCst) {
        0 => None,
        signal => Some(ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))),
    }
}

fn stop(signal: i32) {
    let stop = under_way().take();
    match stop {
        Some(stop) => {
            RECEIVED.store(signal, Ordering::SeqCst);
            stop();
        }
        // It fails for no signal that is watched for.
        None => drop(emulate_default_handler(signal)),
    }
}

fn under_way() -> MutexGuard<'static, Option<Stop>> {
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The signals that whoever started this process has it ignore, as shells do for what runs in the background; a bit for each.
/// Where it cannot be told, there are none.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}
