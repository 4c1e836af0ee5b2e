//! Memories of images and stacks of interpreters, for Wasmtime.

#![expect(unsafe_code, reason = "memories that a host brings are an unsafe trait")]

use std::{cell::Cell, ops::Range, sync::Arc};

use wasmtime::{LinearMemory, MemoryCreator, MemoryType, Result, StackCreator, StackMemory};

use crate::image::{Image, ImageMemory, Stack};

thread_local! {
    /// The image that the next memory made on this thread begins with. The engine makes an instance's memories while
    /// `instantiate` runs, and offers no other way to tell it.
    static NEXT: Cell<Option<Arc<Image>>> = const { Cell::new(None) };
}

/// Makes the memories of the instance that `make` makes begin with an image.
pub(super) fn beginning_with<R>(image: &Arc<Image>, make: impl FnOnce() -> R) -> R {
    NEXT.set(Some(Arc::clone(image)));
    let made = make();
    NEXT.set(None);
    made
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
        let image = if minimum > 0 { NEXT.take() } else { None };
        let memory = ImageMemory::new(image, minimum, reserved, guard).map_err(|error| error.to_string())?;
        Ok(Box::new(Memory(memory)))
    }
}

struct Memory(ImageMemory);

// SAFETY: `ImageMemory` never moves, and its first `len` bytes are always usable.
unsafe impl LinearMemory for Memory {
    fn byte_size(&self) -> usize {
        self.0.len()
    }

    fn byte_capacity(&self) -> usize {
        self.0.capacity()
    }

    fn grow_to(&mut self, len: usize) -> Result<()> {
        Ok(self.0.grow_to(len)?)
    }

    fn as_ptr(&self) -> *mut u8 {
        self.0.base()
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
