//! The tick behind every deadline: one thread that moves the epoch of all engines once a millisecond, and sleeps while no
//! guest runs.

use std::{
    sync::{
        LazyLock, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

use crate::image;

/// How long an epoch lasts, and so how late a deadline can be noticed.
pub(super) const TICK: Duration = Duration::from_millis(1);

/// Ticks without a running guest after which the thread sleeps.
const IDLE_TICKS: u32 = 100;

/// How long memories are kept ready for guests that do not come.
const KEPT_READY: Duration = Duration::from_secs(10);

/// Ticks since a guest was last seen running; [`PARKED`] when the thread sleeps.
static IDLE: AtomicU32 = AtomicU32::new(PARKED);
const PARKED: u32 = u32::MAX;

static ENGINES: Mutex<Vec<wasmtime::EngineWeak>> = Mutex::new(Vec::new());

static THREAD: LazyLock<Option<Thread>> = LazyLock::new(|| {
    let thread = thread::Builder::new().name("wasm-sandbox-tick".to_owned()).spawn(run).ok()?;
    Some(thread.thread().clone())
});

/// Adds an engine whose epoch is to move.
pub(super) fn watch(engine: &wasmtime::Engine) {
    ENGINES.lock().unwrap_or_else(PoisonError::into_inner).push(engine.weak());
}

/// Whether there is a ticking thread at all; without it no deadline would hold.
pub(super) fn available() -> bool {
    THREAD.is_some()
}

/// Says that a guest is running. Called before every entry and at every tick while it runs: a load, mostly.
#[inline]
pub(super) fn keep_awake() {
    if IDLE.load(Ordering::Relaxed) != 0 && IDLE.swap(0, Ordering::SeqCst) == PARKED {
        wake();
    }
}

#[cold]
fn wake() {
    if let Some(thread) = &*THREAD {
        thread.unpark();
    }
}

fn run() {
    loop {
        rest();
        thread::sleep(TICK);
        for engine in ENGINES.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
            }
        }
        // Only this thread ever parks, so the count cannot be `PARKED` here; a guest that starts between the two steps
        // makes the exchange fail.
        let idle = IDLE.fetch_add(1, Ordering::SeqCst) + 1;
        if idle > IDLE_TICKS {
            let _still_awake = IDLE.compare_exchange(idle, PARKED, Ordering::SeqCst, Ordering::SeqCst);
        }
    }
}

/// Sleeps until a guest runs. When none has for a while, what was kept ready for the next ones is given up.
fn rest() {
    let long = Instant::now() + KEPT_READY;
    while IDLE.load(Ordering::SeqCst) == PARKED {
        match long.saturating_duration_since(Instant::now()) {
            Duration::ZERO => {
                image::release_idle();
                thread::park();
            }
            left => thread::park_timeout(left),
        }
    }
}
