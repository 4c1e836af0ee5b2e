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

/// A queue whose first few work at a time: there are as many places as processors.
pub(super) struct Queue {
    working: Mutex<usize>,
    freed: Condvar,
}

/// Places among those that work.
pub(super) struct Places<'a> {
    queue: &'a Queue,
    taken: usize,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self { working: Mutex::new(0), freed: Condvar::new() }
    }

    /// Waits for so many places, or for all that there are.
    pub(super) fn enter(&self, wanted: usize) -> Places<'_> {
        let places = std::thread::available_parallelism().map_or(1, usize::from);
        let taken = wanted.clamp(1, places);
        let mut working = self
            .freed
            .wait_while(lock(&self.working), |working| *working + taken > places)
            .unwrap_or_else(PoisonError::into_inner);
        *working += taken;
        Places { queue: self, taken }
    }
}

impl Drop for Places<'_> {
    fn drop(&mut self) {
        *lock(&self.queue.working) -= self.taken;
        self.queue.freed.notify_all();
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
        let (queue, working, most) = (&Queue::new(), &AtomicUsize::new(0), &AtomicUsize::new(0));
        let places = std::thread::available_parallelism().unwrap().get();
        std::thread::scope(|scope| {
            for number in 0..50 {
                scope.spawn(move || {
                    // One that may use more memory than all places have works alone.
                    let wanted = number % (places + 2);
                    let _places = queue.enter(wanted);
                    let taken = wanted.clamp(1, places);
                    most.fetch_max(working.fetch_add(taken, Ordering::SeqCst) + taken, Ordering::SeqCst);
                    std::thread::yield_now();
                    working.fetch_sub(taken, Ordering::SeqCst);
                });
            }
        });
        assert!((1..=places).contains(&most.load(Ordering::SeqCst)));
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
