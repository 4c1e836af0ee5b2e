//! The time that a guest sees.

use std::time::{Duration, Instant, SystemTime};

use wasm_sandbox_policy::ClockPolicy;

/// The clocks of one sandbox.
pub(super) struct Clocks {
    policy: ClockPolicy,
    /// Zero of the monotonic clock, so that a guest learns nothing of how long the machine has been up.
    origin: Instant,
    /// What the monotonic clock showed then.
    before: Duration,
}

impl Clocks {
    pub(super) fn new(policy: ClockPolicy, origin: Instant) -> Self {
        let clocks = Self { policy, origin, before: Duration::ZERO };
        // A runtime may take zero for a clock that does not work; that of Go does.
        Self { before: Duration::from_nanos(clocks.resolution_ns()), ..clocks }
    }

    /// What has passed on the monotonic clock, whatever the guest sees of it.
    pub(super) fn monotonic(&self) -> Duration {
        self.before.saturating_add(self.origin.elapsed())
    }

    /// When the clocks were made.
    pub(super) fn origin(&self) -> Instant {
        self.origin
    }

    /// Has the monotonic clock go on from there.
    pub(super) fn advance(&mut self, to: Duration) {
        self.before = to;
    }

    /// Nanoseconds since 1970.
    pub(super) fn wall_ns(&self) -> u64 {
        match self.policy {
            ClockPolicy::Frozen { unix_ns } => unix_ns,
            _ => self.coarsen(nanos(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())),
        }
    }

    /// Nanoseconds since the sandbox was made, and one step more.
    pub(super) fn monotonic_ns(&self) -> u64 {
        match self.policy {
            ClockPolicy::Frozen { .. } => self.resolution_ns(),
            _ => self.coarsen(nanos(self.monotonic())),
        }
    }

    /// The smallest step of either clock.
    pub(super) fn resolution_ns(&self) -> u64 {
        match self.policy {
            ClockPolicy::Coarse(step) => nanos(step).max(1),
            _ => 1,
        }
    }

    /// When a sleep ends that began at `since`; none if time stands still.
    pub(super) fn sleep_end(&self, sleep: Sleep, since: Instant, now: Instant) -> Option<Instant> {
        if matches!(self.policy, ClockPolicy::Frozen { .. }) {
            return None;
        }
        let (from, duration) = match sleep {
            Sleep::For(nanos) => (since, nanos),
            Sleep::UntilWall(at) => (now, at.saturating_sub(self.wall_ns())),
            Sleep::UntilMonotonic(at) => (now, at.saturating_sub(self.monotonic_ns())),
        };
        // A century is for ever: the deadline comes first.
        let century = Duration::from_secs(100 * 365 * 86_400);
        from.checked_add(Duration::from_nanos(duration).min(century))
    }

    fn coarsen(&self, nanos: u64) -> u64 {
        nanos - nanos % self.resolution_ns()
    }
}

/// How long a guest wants to sleep.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sleep {
    For(u64),
    UntilWall(u64),
    UntilMonotonic(u64),
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
