//! Memory for the moment when there is none: an error must still be made, thrown and told, so some is kept back for that.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

const RESERVE: Layout = match Layout::from_size_align(256 << 10, 16) {
    Ok(layout) => layout,
    Err(_) => Layout::new::<u64>(),
};

static KEPT: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());

/// The system's allocator, which falls back on the reserve.
struct Reserving;

#[global_allocator]
static ALLOCATOR: Reserving = Reserving;

// SAFETY: everything comes from the system's allocator and goes back to it.
unsafe impl GlobalAlloc for Reserving {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        unsafe {
            let pointer = System.alloc(layout);
            if pointer.is_null() && release() { System.alloc(layout) } else { pointer }
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Keeps memory back, if none is kept. Nothing is written to it, so that it costs only addresses.
pub(crate) fn keep() {
    if KEPT.load(Ordering::Relaxed).is_null() {
        // SAFETY: the layout has a size.
        KEPT.store(unsafe { System.alloc(RESERVE) }, Ordering::Relaxed);
    }
}

/// Whether there is more memory to be had.
pub(crate) fn memory_grows() -> bool {
    const PAGES: usize = 16;
    core::arch::wasm32::memory_grow::<0>(PAGES) != usize::MAX
}

/// Gives the reserve up; false when there was none.
fn release() -> bool {
    let kept = KEPT.swap(ptr::null_mut(), Ordering::Relaxed);
    if !kept.is_null() {
        // SAFETY: it was allocated with this layout, and nobody else has it.
        unsafe { System.dealloc(kept, RESERVE) };
    }
    !kept.is_null()
}
