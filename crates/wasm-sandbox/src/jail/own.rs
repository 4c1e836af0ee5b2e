//! What belongs to one process, and not to a child that its `fork` has made: threads, which are not there in the child, and
//! whatever they held.

#![expect(
    unsafe_code,
    reason = "only the C library knows of every `fork`, and only a pointer is changed without a lock"
)]

use std::{
    ptr,
    sync::{
        LazyLock, OnceLock,
        atomic::{AtomicPtr, AtomicU32, Ordering},
    },
};

/// What [`in_child`] was given.
static ACTION: OnceLock<fn()> = OnceLock::new();

static FORKS: AtomicU32 = AtomicU32::new(0);

/// Whether forks are counted, from the first question on.
static COUNTED: LazyLock<bool> = LazyLock::new(|| {
    extern "C" fn in_child() {
        FORKS.fetch_add(1, Ordering::Relaxed);
        if let Some(action) = ACTION.get() {
            action();
        }
    }
    // SAFETY: the function may run in the child of any `fork`: it and the action change atomic numbers and nothing else.
    unsafe { libc::pthread_atfork(None, None, Some(in_child)) == 0 }
});

/// Forks between this process and the one in which they were first counted: another number, another process.
pub(crate) fn forks() -> u32 {
    FORKS.load(Ordering::Relaxed)
}

/// Has every child do something first, which may change atomic numbers and nothing else. The first action counts: there is
/// one caller. False when nobody tells of forks.
pub(crate) fn in_child(action: fn()) -> bool {
    ACTION.get_or_init(|| action);
    *COUNTED
}

/// A value that is made once in each process that asks for it, and lives as long as that.
pub(crate) struct PerProcess<T: Send + Sync + 'static> {
    make: fn() -> T,
    current: AtomicPtr<Made<T>>,
}

struct Made<T> {
    forks: u32,
    value: T,
}

impl<T: Send + Sync + 'static> PerProcess<T> {
    pub(crate) const fn new(make: fn() -> T) -> Self {
        Self { make, current: AtomicPtr::new(ptr::null_mut()) }
    }

    /// This process's own. Of those that several threads make at once, one is kept.
    pub(crate) fn get(&self) -> &'static T {
        LazyLock::force(&COUNTED);
        loop {
            let known = self.current.load(Ordering::Acquire);
            // SAFETY: it is null or comes from a box that is never freed, and is only read from here on.
            if let Some(made) = unsafe { known.as_ref::<'static>() }
                && made.forks == forks()
            {
                return &made.value;
            }
            let made = Box::into_raw(Box::new(Made { forks: forks(), value: (self.make)() }));
            if self.current.compare_exchange(known, made, Ordering::AcqRel, Ordering::Acquire).is_err() {
                // SAFETY: it was made from a box above, and nobody else has seen it.
                drop(unsafe { Box::from_raw(made) });
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use wasm_sandbox_policy::ByteSize;

    use super::*;
    use crate::jail::fork::{self, ChildLimits};

    #[test]
    fn a_child_has_its_own_and_keeps_it() {
        static NUMBER: PerProcess<AtomicU32> = PerProcess::new(|| AtomicU32::new(7));
        let count = || NUMBER.get().fetch_add(1, Ordering::SeqCst);
        assert_eq!([count(), count()], [7, 8]);
        let second = Duration::from_secs(1);
        let limits = ChildLimits { cpu_time: second, wall_time: second * 10, memory: ByteSize::mib(64) };
        let inside = fork::run(&limits, || Ok([count(), count()].map(|number| number as u8).to_vec())).unwrap();
        assert_eq!(inside, [7, 8]);
        assert_eq!(count(), 9);
    }
}
