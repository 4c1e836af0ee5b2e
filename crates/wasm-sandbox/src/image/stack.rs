//! Stacks for guests whose own calls go deeper than a thread of the host's has room for, kept for the next guest.

#![expect(unsafe_code, reason = "mapping memory has no safe interface")]

use std::{
    collections::BTreeMap,
    io,
    ops::Range,
    sync::{Mutex, PoisonError},
};

use rustix::mm::{Advice, MprotectFlags};

use super::{PAGE, slot::Mapping};

/// Stacks that are kept, at most.
const MAX_IDLE: usize = 64;

/// Address space below a stack that faults.
const GUARD: usize = 16 * PAGE;

/// Bytes of memory that an idle stack keeps.
const KEPT: usize = 128 << 10;

static IDLE: Mutex<Vec<Stack>> = Mutex::new(Vec::new());

/// Where all of them are: their tops, by their bottoms.
static PLACES: Mutex<BTreeMap<usize, usize>> = Mutex::new(BTreeMap::new());

/// A stack with a guard below it.
pub(crate) struct Stack(Mapping);

/// Bytes of the stack that this is called on, if it is one of these.
pub(crate) fn depth() -> Option<usize> {
    let here = 0_u8;
    let here = (&raw const here).addr();
    let places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, top) = places.range(..=here).next_back().filter(|(_, top)| here < **top)?;
    Some(top - here)
}

impl Stack {
    /// A stack of at least `size` bytes. What is on it is left over from others, which guests cannot see.
    pub(crate) fn take(size: usize) -> io::Result<Self> {
        let size = size.next_multiple_of(PAGE);
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = idle.iter().position(|stack| stack.0.len() == size + GUARD) {
            return Ok(idle.swap_remove(found));
        }
        drop(idle);
        let space = Mapping::reserve(size + GUARD)?;
        // SAFETY: the range is the upper part of a reservation that nothing else uses.
        unsafe {
            let bottom = space.base().add(GUARD).cast();
            rustix::mm::mprotect(bottom, size, MprotectFlags::READ | MprotectFlags::WRITE)?;
        }
        let stack = Self(space);
        let Range { start, end } = stack.range();
        PLACES.lock().unwrap_or_else(PoisonError::into_inner).insert(start, end);
        Ok(stack)
    }

    /// Keeps it for the next, and with it no more memory than ordinary calls need.
    pub(crate) fn give_back(self) {
        let deep = self.0.len().saturating_sub(GUARD + KEPT);
        // SAFETY: the range lies within this stack, below what stays; nobody uses the stack any more.
        let trimmed = unsafe { rustix::mm::madvise(self.0.base().add(GUARD).cast(), deep, Advice::LinuxDontNeed) };
        if trimmed.is_err() {
            return;
        }
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push(self);
        }
    }

    pub(crate) fn top(&self) -> *mut u8 {
        self.0.base().wrapping_add(self.0.len())
    }

    pub(crate) fn range(&self) -> Range<usize> {
        self.0.base() as usize + GUARD..self.top() as usize
    }

    pub(crate) fn guard(&self) -> Range<*mut u8> {
        self.0.base()..self.0.base().wrapping_add(GUARD)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        PLACES.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.range().start);
    }
}
