//! How many sandboxes live at a time. One with several memories takes as many places: each has address space of its own.

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

    /// So many places, if there are as many.
    pub(super) fn take(self: &Arc<Self>, count: u32) -> Option<Place> {
        let more = |taken: u32| taken.checked_add(count).filter(|taken| *taken <= self.all);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Place { places: Arc::clone(self), count })
    }
}

/// What one sandbox takes.
pub(super) struct Place {
    places: Arc<Places>,
    count: u32,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken.fetch_sub(self.count, Ordering::Relaxed);
    }
}
