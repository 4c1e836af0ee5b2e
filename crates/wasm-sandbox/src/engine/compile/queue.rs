//! How many compilers run at a time, and which modules are known to be too expensive: a flood of hostile modules takes
//! neither all memory nor everybody's turn.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use wasm_sandbox_policy::LimitHit;

use crate::engine::cache::CacheKey;

/// Modules that this process remembers to have refused.
const MAX_REFUSALS: usize = 1024;

/// A queue whose first few work at a time; as many as there are processors.
pub(super) struct Queue {
    working: Mutex<usize>,
    freed: Condvar,
}

/// A place among those that work.
pub(super) struct Place<'a>(&'a Queue);

impl Queue {
    pub(super) fn new() -> Self {
        Self { working: Mutex::new(0), freed: Condvar::new() }
    }

    /// Waits for a place.
    pub(super) fn enter(&self) -> Place<'_> {
        let places = std::thread::available_parallelism().map_or(1, usize::from);
        let mut working = self
            .freed
            .wait_while(lock(&self.working), |working| *working >= places)
            .unwrap_or_else(PoisonError::into_inner);
        *working += 1;
        Place(self)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *lock(&self.0.working) -= 1;
        self.0.freed.notify_one();
    }
}

/// Modules that were refused, the latest last.
pub(super) struct Refusals(Mutex<VecDeque<(CacheKey, LimitHit)>>);

impl Refusals {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    pub(super) fn find(&self, key: &CacheKey) -> Option<LimitHit> {
        lock(&self.0).iter().find(|(refused, _)| refused == key).map(|(_, hit)| *hit)
    }

    pub(super) fn add(&self, key: CacheKey, hit: LimitHit) {
        let mut refused = lock(&self.0);
        if refused.len() >= MAX_REFUSALS {
            refused.pop_front();
        }
        refused.push_back((key, hit));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::atomic::{AtomicUsize, Ordering};

    use wasm_sandbox_policy::ResourceKind;

    use super::*;

    #[test]
    fn b9_no_more_work_at_a_time_than_there_are_processors() {
        let (queue, working, most) = (Queue::new(), AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..50 {
                scope.spawn(|| {
                    let _place = queue.enter();
                    most.fetch_max(working.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::yield_now();
                    working.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        let places = std::thread::available_parallelism().unwrap().get();
        assert!((1..=places).contains(&most.into_inner()));
        assert_eq!(*queue.working.lock().unwrap(), 0);
    }

    #[test]
    fn b10_a_refusal_is_remembered_and_the_oldest_forgotten() {
        let refusals = Refusals::new();
        let key = |number: usize| CacheKey::new("test", &[&number.to_le_bytes()]);
        let hit = LimitHit { kind: ResourceKind::CompileTime, used: 2, limit: 1 };
        (0..=MAX_REFUSALS).for_each(|number| refusals.add(key(number), hit));
        assert_eq!(refusals.find(&key(0)), None);
        assert_eq!(refusals.find(&key(MAX_REFUSALS)), Some(hit));
        assert_eq!(lock(&refusals.0).len(), MAX_REFUSALS);
    }
}
