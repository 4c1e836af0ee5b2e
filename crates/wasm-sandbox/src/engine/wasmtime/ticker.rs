//! The tick behind every deadline: one thread that moves the epoch of all engines once a millisecond, and sleeps while no
//! guest runs.

use std::{
    sync::{
        LazyLock, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

use super::MAX_PROFILES;
use crate::{
    image,
    jail::own::{PerProcess, in_child},
};

/// How long an epoch lasts, and so how late a deadline can be noticed.
pub(super) const TICK: Duration = Duration::from_millis(1);

/// Ticks without a running guest after which the thread sleeps.
const IDLE_TICKS: u32 = 100;

/// How long memories are kept ready for guests that do not come.
const KEPT_READY: Duration = Duration::from_secs(10);

/// Ticks since a guest was last seen running; [`PARKED`] when the thread sleeps.
static IDLE: AtomicU32 = AtomicU32::new(PARKED);
const PARKED: u32 = u32::MAX;

/// Those whose epoch is to move; read without a lock, which a child of `fork` could inherit locked.
static ENGINES: [OnceLock<wasmtime::EngineWeak>; MAX_PROFILES] = [const { OnceLock::new() }; MAX_PROFILES];

static THREAD: PerProcess<LazyLock<Option<Thread>>> = PerProcess::new(|| LazyLock::new(start));

/// Adds an engine whose epoch is to move.
pub(super) fn watch(engine: &wasmtime::Engine) {
    let mut engine = engine.weak();
    for place in &ENGINES {
        match place.set(engine) {
            Ok(()) => return,
            Err(other) => engine = other,
        }
    }
}

/// Says that a guest is running. Called before every entry and at every tick while it runs: one load, mostly. False when
/// there is no ticking thread at all: no deadline would hold.
#[inline]
pub(super) fn keep_awake() -> bool {
    let asleep = IDLE.load(Ordering::Relaxed) != 0 && IDLE.swap(0, Ordering::SeqCst) == PARKED;
    !asleep || wake()
}

/// Wakes the thread, or starts it: a child that the host has forked has none yet.
#[cold]
fn wake() -> bool {
    IDLE.store(0, Ordering::SeqCst);
    let Some(thread) = &**THREAD.get() else {
        IDLE.store(PARKED, Ordering::SeqCst);
        return false;
    };
    thread.unpark();
    true
}

fn start() -> Option<Thread> {
    // In a child nobody ticks, until a guest is to run there too.
    if !in_child(|| IDLE.store(PARKED, Ordering::SeqCst)) {
        return None;
    }
    let thread = thread::Builder::new().name("wasm-sandbox-tick".to_owned()).spawn(run).ok()?;
    Some(thread.thread().clone())
}

fn run() {
    loop {
        rest();
        thread::sleep(TICK);
        for engine in ENGINES.iter().map_while(OnceLock::get).filter_map(wasmtime::EngineWeak::upgrade) {
            engine.increment_epoch();
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::process::Command;

    use wasm_sandbox_policy::{ByteSize, ResourceKind, SandboxError};

    use crate::{
        Setup, WasmSandbox, blocking,
        jail::fork::{self, ChildLimits},
    };

    const ENDLESS: &str = r#"(module
        (import "env" "wait" (func $wait (param i32)))
        (func (export "short"))
        (func (export "spin") (loop (br 0)))
        (func (export "wait") (param i32) (call $wait (local.get 0))))"#;

    fn endless() -> blocking::WasmSandbox {
        let builder = WasmSandbox::builder().setup(Setup::default()).source(ENDLESS.as_bytes());
        let builder = builder.timeout(std::time::Duration::from_millis(100));
        let wait = builder.host_function_async("env", "wait", |_, (for_ever,): (i32,)| async move {
            if for_ever != 0 {
                std::future::pending::<()>().await;
            }
            Ok(())
        });
        wait.build_blocking().unwrap()
    }

    fn ended(outcome: Result<(), SandboxError>) -> Result<(), String> {
        match outcome {
            Err(SandboxError::ResourceExhausted { kind: ResourceKind::WallTime, limit: 100, .. }) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    }

    /// What must end ends, be it a handle from before the fork, or made after it.
    fn deadlines_hold(sandbox: &mut blocking::WasmSandbox) -> Result<(), String> {
        let text = |error: SandboxError| error.to_string();
        sandbox.call::<_, ()>("short", ()).map_err(text)?;
        ended(sandbox.function::<(), ()>("spin").map_err(text)?.call(()))?;
        ended(sandbox.call("spin", ()))?;
        ended(sandbox.call("wait", 1))?;
        sandbox.call::<_, ()>("wait", 0).map_err(text)?;
        ended(endless().call("spin", ()))
    }

    /// A1: a host that forks has a child without the threads that it had itself.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test's own processes are told by their arguments what to do")]
    fn a1_deadlines_hold_in_a_child_of_fork() {
        const ALONE: &str = "engine::wasmtime::ticker::tests::a1_deadlines_hold_in_a_child_of_fork";
        // In a process where nothing else runs: what another test's thread has locked stays locked in the child.
        if !std::env::args().any(|argument| argument == "--test-threads=1") {
            let mut alone = Command::new(std::env::current_exe().unwrap());
            let output = alone.args(["--exact", ALONE, "--test-threads=1", "--nocapture"]).output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.contains("1 passed"), "{said}");
            return;
        }
        let second = std::time::Duration::from_secs(1);
        let limits = ChildLimits { cpu_time: second * 20, wall_time: second * 30, memory: ByteSize::gib(64) };
        let mut sandbox = endless();
        deadlines_hold(&mut sandbox).unwrap();
        sandbox.call::<_, ()>("short", ()).unwrap();
        let sandbox = std::sync::Mutex::new(sandbox);
        let in_child = || deadlines_hold(&mut sandbox.lock().unwrap()).map(|()| Vec::new());
        fork::run(&limits, in_child).unwrap();
        // The child of a child is a third process.
        let in_grandchild = || fork::run(&limits, in_child).map_err(|failure| format!("{failure:?}"));
        fork::run(&limits, in_grandchild).unwrap();
        deadlines_hold(&mut sandbox.lock().unwrap()).unwrap();
    }
}
