//! What a component gave its caller to hold: the caller knows it by a number that no other instance uses.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use wasmtime::component::ResourceAny;

/// The next number, of the whole process.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// The handles of one instance's callers. The engine bounds how many there are.
#[derive(Default)]
pub(in super::super) struct Handles(HashMap<u64, ResourceAny>);

impl Handles {
    pub(super) fn insert(&mut self, resource: ResourceAny) -> u64 {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        self.0.insert(number, resource);
        number
    }

    /// What stays the caller's.
    pub(super) fn lend(&self, number: u64) -> Option<ResourceAny> {
        self.0.get(&number).copied()
    }

    /// What is the caller's no longer.
    pub(super) fn take(&mut self, number: u64) -> Option<ResourceAny> {
        self.0.remove(&number)
    }
}

/// What is wrong with a handle that is not there.
pub(super) fn unknown(number: u64) -> String {
    format!("there is no handle {number} in this instance: it was never given out here, or was given away or dropped")
}
