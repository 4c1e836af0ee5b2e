//! Memories of images and stacks of interpreters, for Wasmtime.

#![expect(unsafe_code, reason = "memories that a host brings are an unsafe trait")]

use std::{
    cell::Cell,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use wasmtime::{LinearMemory, MemoryCreator, MemoryType, Result, StackCreator, StackMemory};

use crate::image::{Beginning, ImageMemory, Stack};

thread_local! {
    /// What the next memory made on this thread begins with, and then that memory. The engine makes an instance's memories
    /// while `instantiate` runs, and offers no other way to tell it or to hear of them.
    static NEXT: Cell<Option<Beginning>> = const { Cell::new(None) };
    static MADE: Cell<Option<Memory>> = const { Cell::new(None) };
}

/// Makes the memory of the instance that `make` makes begin as told, and gives it back.
pub(super) fn beginning_with<R>(beginning: &Beginning, make: impl FnOnce() -> R) -> (R, Option<Memory>) {
    NEXT.set(Some(beginning.clone()));
    MADE.set(None);
    let made = make();
    NEXT.set(None);
    (made, MADE.take())
}

/// Makes memories: from an image where one was named, empty ones otherwise.
pub(super) struct Memories;

// SAFETY: every memory has a reservation of its own of at least the size that the engine asked for, its guard included;
// nothing else refers to it until the engine drops it.
unsafe impl MemoryCreator for Memories {
    fn new_memory(
        &self,
        _: MemoryType,
        minimum: usize,
        _: Option<usize>,
        reserved: Option<usize>,
        guard: usize,
    ) -> std::result::Result<Box<dyn LinearMemory>, String> {
        let reserved = reserved.ok_or("a memory without a reservation")?.max(minimum);
        // The engine asks for a heap of its own first, which begins empty.
        let beginning = if minimum > 0 { NEXT.take() } else { None };
        let begins = beginning.is_some();
        let memory = ImageMemory::new(beginning, minimum, reserved, guard).map_err(|error| error.to_string())?;
        let memory = Memory(Arc::new(Mutex::new(memory)));
        if begins {
            MADE.set(Some(memory.clone()));
        }
        Ok(Box::new(memory))
    }
}

/// A memory that the engine and its instance share.
#[derive(Clone)]
pub(super) struct Memory(Arc<Mutex<ImageMemory>>);

impl Memory {
    pub(super) fn lock(&self) -> MutexGuard<'_, ImageMemory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// SAFETY: `ImageMemory` never moves, and its first `len` bytes are always usable.
unsafe impl LinearMemory for Memory {
    fn byte_size(&self) -> usize {
        self.lock().len()
    }

    fn byte_capacity(&self) -> usize {
        self.lock().capacity()
    }

    fn grow_to(&mut self, len: usize) -> Result<()> {
        Ok(self.lock().grow_to(len)?)
    }

    fn as_ptr(&self) -> *mut u8 {
        self.lock().base()
    }
}

/// Makes stacks, and keeps those that were used.
pub(super) struct Stacks;

// SAFETY: every stack has address space of its own with a guard below it; nothing else refers to it until the engine drops it.
unsafe impl StackCreator for Stacks {
    fn new_stack(&self, size: usize, _: bool) -> Result<Box<dyn StackMemory>> {
        Ok(Box::new(KeptStack(Some(Stack::take(size)?))))
    }
}

/// A stack that is taken out when the value is dropped, and only then.
struct KeptStack(Option<Stack>);

// SAFETY: page-aligned, readable and writable over the whole range, with an inaccessible guard below.
unsafe impl StackMemory for KeptStack {
    fn top(&self) -> *mut u8 {
        self.0.as_ref().map_or(std::ptr::null_mut(), Stack::top)
    }

    fn range(&self) -> Range<usize> {
        self.0.as_ref().map_or(0..0, Stack::range)
    }

    fn guard_range(&self) -> Range<*mut u8> {
        self.0.as_ref().map_or(std::ptr::null_mut()..std::ptr::null_mut(), Stack::guard)
    }
}

impl Drop for KeptStack {
    fn drop(&mut self) {
        if let Some(stack) = self.0.take() {
            stack.give_back();
        }
    }
}
