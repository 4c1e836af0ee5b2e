//! Processor time and the timeline of one run.

use std::{
    pin::Pin,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use wasm_sandbox_policy::ResourceSnapshot;

use super::ticker;

/// Points kept of a timeline; when it is full every second one goes and the spacing doubles.
const MAX_POINTS: usize = 64;

/// Processor time of one instance: the sum over the stretches in which a thread ran it. The thread's own clock is a system
/// call, several times as long as a short call of a guest, so it is read only from a stretch's first tick on; a stretch
/// without a tick counts with its wall time, and one that nobody announced (a call through a typed handle) begins at its
/// first tick. It is written by one thread at a time, the one that runs the guest.
#[derive(Debug, Default)]
pub(super) struct CpuMeter {
    finished_ns: AtomicU64,
    /// When the current stretch began on the wall, plus one; 0 when none was announced.
    began_ns: AtomicU64,
    /// Thread time that stands for the beginning of the current stretch, plus one; 0 before its first tick.
    base_ns: AtomicU64,
}

impl CpuMeter {
    pub(super) fn begin_stretch(&self, now: Instant) {
        self.began_ns.store(wall_ns(now).saturating_add(1), Ordering::Relaxed);
    }

    pub(super) fn end_stretch(&self) {
        let (base, began) = (self.base_ns.load(Ordering::Relaxed), self.began_ns.load(Ordering::Relaxed));
        let ran = match (base, began) {
            (0, 0) => return,
            (0, began) => wall_ns(Instant::now()).saturating_sub(began - 1),
            (base, _) => thread_time_ns().saturating_sub(base - 1),
        };
        self.base_ns.store(0, Ordering::Relaxed);
        self.began_ns.store(0, Ordering::Relaxed);
        self.finished_ns.store(self.finished_ns.load(Ordering::Relaxed).saturating_add(ran), Ordering::Relaxed);
    }

    /// Time so far, seen from the thread that runs the guest.
    pub(super) fn at_tick(&self) -> Duration {
        let now = thread_time_ns();
        let mut base = self.base_ns.load(Ordering::Relaxed);
        if base == 0 {
            let tick = u64::try_from(ticker::TICK.as_nanos()).unwrap_or(u64::MAX);
            let so_far = match self.began_ns.load(Ordering::Relaxed) {
                0 => tick,
                began => wall_ns(Instant::now()).saturating_sub(began - 1),
            };
            base = now.saturating_sub(so_far).saturating_add(1);
            self.base_ns.store(base, Ordering::Relaxed);
        }
        Duration::from_nanos(self.finished_ns.load(Ordering::Relaxed).saturating_add(now.saturating_sub(base - 1)))
    }

    /// Time of all finished stretches.
    pub(super) fn finished(&self) -> Duration {
        Duration::from_nanos(self.finished_ns.load(Ordering::Relaxed))
    }

    pub(super) fn reset(&self) {
        self.finished_ns.store(0, Ordering::Relaxed);
        self.began_ns.store(0, Ordering::Relaxed);
        self.base_ns.store(0, Ordering::Relaxed);
    }
}

/// Nanoseconds since this was first asked.
fn wall_ns(now: Instant) -> u64 {
    static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(now.saturating_duration_since(*ORIGIN).as_nanos()).unwrap_or(u64::MAX)
}

fn thread_time_ns() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}

/// A future whose polls are stretches of processor time.
pub(super) struct Metered<F> {
    meter: Arc<CpuMeter>,
    future: Pin<Box<F>>,
}

impl<F> Metered<F> {
    pub(super) fn new(meter: Arc<CpuMeter>, future: F) -> Self {
        Self { meter, future: Box::pin(future) }
    }
}

impl<F: Future> Future for Metered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.meter.begin_stretch(Instant::now());
        let poll = self.future.as_mut().poll(context);
        self.meter.end_stretch();
        poll
    }
}

/// How memory and time grew over one run.
#[derive(Debug)]
pub(super) struct Timeline {
    points: Vec<ResourceSnapshot>,
    next_at: Duration,
    spacing: Duration,
}

impl Timeline {
    pub(super) fn new() -> Self {
        Self { points: Vec::new(), next_at: ticker::TICK, spacing: ticker::TICK * 4 }
    }

    pub(super) fn reset(&mut self) {
        self.points.clear();
        self.next_at = ticker::TICK;
        self.spacing = ticker::TICK * 4;
    }

    pub(super) fn tick(&mut self, started: Instant, now: Instant, cpu: Duration, memory_bytes: u64) {
        let at = now.saturating_duration_since(started);
        if at < self.next_at {
            return;
        }
        if self.points.len() >= MAX_POINTS {
            let mut keep = false;
            self.points.retain(|_| {
                keep = !keep;
                keep
            });
            self.spacing *= 2;
        }
        self.points.push(ResourceSnapshot { at_us: micros(at), cpu_us: micros(cpu), memory_bytes });
        self.next_at = at + self.spacing;
    }

    pub(super) fn points(&self) -> &[ResourceSnapshot] {
        &self.points
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
