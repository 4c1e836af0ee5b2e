//! The JavaScript interpreter that runs inside the sandbox, and how the host speaks with it (`docs/guest-javascript.md`).
//!
//! The host calls [`start`] once and keeps an image of the memory; every sandbox maps that image, calls [`seed`] and then
//! [`turn`] for each request. So nothing may be kept before `seed` that differs between two sandboxes or two builds: no
//! clock, no randomness, no environment, no open file.

mod clock;
mod engine;
mod event_loop;
mod guard;
mod imports;
mod input;
mod library;
mod modules;
mod natives;
mod net;
mod random;
mod request;
mod reserve;
mod tools;
mod turn;
mod typescript;

use std::{alloc::Layout, cell::OnceCell};

use turn::Guest;

thread_local! {
    static GUEST: OnceCell<Guest> = const { OnceCell::new() };
}

unsafe extern "C" {
    fn __wasm_call_ctors();
}

/// Starts the C library, once. A module that calls this itself is not made into one that starts it at every call.
#[unsafe(no_mangle)]
pub extern "C" fn _initialize() {
    // SAFETY: the host calls this first, and once.
    unsafe { __wasm_call_ctors() };
}

/// Gives the host a buffer of `len` bytes, or 0 when there is no memory.
#[unsafe(no_mangle)]
pub extern "C" fn wasm_sandbox_alloc(len: i32) -> i32 {
    let Some(layout) = layout(len) else { return 0 };
    // SAFETY: the layout has at least one byte.
    let pointer = unsafe { std::alloc::alloc(layout) };
    pointer.addr() as i32
}

/// Takes back a buffer that `wasm_sandbox_alloc` or `turn` gave.
#[unsafe(no_mangle)]
pub extern "C" fn wasm_sandbox_free(pointer: i32, len: i32) {
    let Some(layout) = layout(len) else { return };
    if pointer != 0 {
        // SAFETY: the host gives back what it got, with the length that it got it with.
        unsafe { std::alloc::dealloc(pointer as usize as *mut u8, layout) };
    }
}

/// Buffers have at least one byte, so that none of them is nothing.
fn layout(len: i32) -> Option<Layout> {
    let len = usize::try_from(len).ok()?;
    Layout::from_size_align(len.max(1), 1).ok()
}

/// Makes the interpreter with everything that programs find in it. A failure is a trap: there is no guest without it.
#[unsafe(no_mangle)]
pub extern "C" fn start() {
    GUEST.with(|guest| {
        let made = Guest::start();
        if guest.set(made).is_err() {
            std::process::abort();
        }
    });
}

/// Says how large the host's stack is. Half of it, counted as the engine counts, is for JavaScript. May be called once
/// `start` was, and belongs to the image.
#[unsafe(no_mangle)]
pub extern "C" fn stack(bytes: i32) {
    let bytes = usize::try_from(bytes).unwrap_or(0) / 2;
    GUEST.with(|guest| {
        if let Some(guest) = guest.get() {
            guest.limit_stack(bytes.min(engine::MOST_STACK_BYTES));
        }
    });
}

/// Gives this instance randomness of its own. Called in every new instance, before its first turn.
#[unsafe(no_mangle)]
pub extern "C" fn seed(low: i64, high: i64) {
    random::seed(low as u64, high as u64);
    clock::begin();
}

/// Answers one request. The buffer at `pointer` belongs to the guest from here on, and the answer's to the host.
#[unsafe(no_mangle)]
pub extern "C" fn turn(pointer: i32, len: i32) -> i64 {
    let len = usize::try_from(len).unwrap_or(0);
    // SAFETY: the host wrote `len` bytes into a buffer that `wasm_sandbox_alloc(len)` gave it; `max(1)` as there.
    let request = unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(pointer as usize as *mut u8, len.max(1))) };
    let answer = GUEST.with(|guest| match guest.get() {
        Some(guest) => guest.turn(request.get(..len).unwrap_or_default()),
        None => std::process::abort(),
    });
    drop(request);
    let answer = Box::leak(answer.into_bytes().into_boxed_slice());
    (answer.as_ptr().addr() as i64) << 32 | answer.len() as i64
}
