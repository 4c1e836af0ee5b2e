//! How many sandboxes live at a time.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// The places of one engine.
pub(super) struct Places {
    taken: AtomicU32,
    all: u32,
}

impl Places {
    pub(super) fn new(all: u32) -> Self {
        Self { taken: AtomicU32::new(0), all }
    }

    /// A place, if there is one.
    pub(super) fn take(self: &Arc<Self>) -> Option<Place> {
        let one_more = |taken: u32| (taken < self.all).then(|| taken + 1);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Place(Arc::clone(self)))
    }
}

/// The place of one sandbox.
pub(super) struct Place(Arc<Places>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}
