//! Memory of the host that guests take: each sandbox's within its limit, and that of all of them within the machine's.
//!
//! What counts is what a guest can fill, not what it has filled so far: linear memory from its first byte, that of an image
//! included, and files that are kept in memory.

use std::{
    fs,
    path::Path,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use wasm_sandbox_policy::{LimitHit, ResourceKind};

use crate::image;

/// What all sandboxes of this process have taken, and what is kept ready for the next ones.
static PROCESS_BYTES: AtomicU64 = AtomicU64::new(0);

/// The most that all sandboxes together may take: three quarters of the machine's memory, or of the container's, so that many
/// guests, each within its own limit, cannot bring the host down.
static PROCESS_LIMIT: LazyLock<u64> = LazyLock::new(|| {
    let info = rustix::system::sysinfo();
    let machine = (info.totalram as u64).saturating_mul(u64::from(info.mem_unit));
    machine.min(container().unwrap_or(u64::MAX)) / 4 * 3
});

/// What one sandbox may take; taking and giving back are safe from any thread. What is still taken when the value is
/// dropped is given back to the process.
#[derive(Debug)]
pub(crate) struct Allowance {
    limit: u64,
    used: AtomicU64,
    peak: AtomicU64,
}

impl Allowance {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, used: AtomicU64::new(0), peak: AtomicU64::new(0) }
    }

    /// Takes all of `bytes` or nothing.
    ///
    /// # Errors
    /// The limit that would be exceeded, the sandbox's or the process's.
    pub(crate) fn take(&self, bytes: u64) -> Result<(), LimitHit> {
        let wanted = |used: u64| used.saturating_add(bytes);
        let fits = |used: u64| Some(wanted(used)).filter(|wanted| *wanted <= self.limit);
        let taken = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        let before =
            taken.map_err(|used| LimitHit { kind: ResourceKind::Memory, used: wanted(used), limit: self.limit })?;
        take_from_process(bytes).inspect_err(|_| {
            self.used.fetch_sub(bytes, Ordering::Relaxed);
        })?;
        self.peak.fetch_max(wanted(before), Ordering::Relaxed);
        Ok(())
    }

    pub(crate) fn give_back(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
        PROCESS_BYTES.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// The most that was taken at a time since [`begin`](Self::begin).
    pub(crate) fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }

    /// A run begins, which has a peak of its own.
    pub(crate) fn begin(&self) {
        self.peak.store(self.used(), Ordering::Relaxed);
    }
}

impl Drop for Allowance {
    fn drop(&mut self) {
        match *self.used.get_mut() {
            0 => {}
            used => drop(PROCESS_BYTES.fetch_sub(used, Ordering::Relaxed)),
        }
    }
}

/// What is kept for sandboxes to come: it counts as theirs does, and gives way to them.
#[derive(Debug)]
pub(crate) struct Share(u64);

impl Share {
    /// # Errors
    /// The process has no more to give.
    pub(crate) fn take(bytes: u64) -> Result<Self, LimitHit> {
        take_from_process(bytes).map(|()| Self(bytes))
    }

    /// As [`take`](Self::take), for what makes way for everything else.
    ///
    /// # Errors
    /// The process has no more to give.
    pub(crate) fn spare(bytes: u64) -> Result<Self, LimitHit> {
        add(bytes).map(|()| Self(bytes))
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.0
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        PROCESS_BYTES.fetch_sub(self.0, Ordering::Relaxed);
    }
}

fn take_from_process(bytes: u64) -> Result<(), LimitHit> {
    add(bytes).or_else(|_| {
        image::release_idle();
        add(bytes)
    })
}

/// What the control group that this process is in may use, if that is bounded.
fn container() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let group = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    bound_of(&Path::new("/sys/fs/cgroup").join(group))
}

/// The least bound of a control group and those that it is in; one that is not a number is none.
fn bound_of(group: &Path) -> Option<u64> {
    let bound = |group: &Path| fs::read_to_string(group.join("memory.max")).ok()?.trim().parse().ok();
    group.ancestors().filter_map(bound).min()
}

fn add(bytes: u64) -> Result<(), LimitHit> {
    let used = PROCESS_BYTES.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
    if used > *PROCESS_LIMIT {
        PROCESS_BYTES.fetch_sub(bytes, Ordering::Relaxed);
        return Err(LimitHit { kind: ResourceKind::ProcessMemory, used, limit: *PROCESS_LIMIT });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn c11_the_bound_of_a_container_is_the_least_above_it() {
        let top = tempfile::tempdir().unwrap();
        let group = top.path().join("service/session");
        fs::create_dir_all(&group).unwrap();
        assert_eq!(bound_of(&group), None);
        for (folder, bound) in [("service/session", "max\n"), ("service", "1000\n"), ("", "3000\n")] {
            fs::write(top.path().join(folder).join("memory.max"), bound).unwrap();
        }
        assert_eq!(bound_of(&group), Some(1000));
        assert_eq!(bound_of(top.path()), Some(3000));
    }

    #[test]
    fn c11_what_is_refused_is_not_taken_and_what_is_dropped_is_given_back() {
        let allowance = Allowance::new(100);
        allowance.take(60).unwrap();
        let refused = allowance.take(41).unwrap_err();
        assert_eq!((refused.kind, refused.used, refused.limit), (ResourceKind::Memory, 101, 100));
        allowance.take(40).unwrap();
        allowance.give_back(70);
        assert_eq!((allowance.used(), allowance.peak()), (30, 100));
        allowance.begin();
        assert_eq!(allowance.peak(), 30);
    }
}
