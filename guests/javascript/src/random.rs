//! Randomness: a fast generator for `Math.random`, seeded in every instance, and the host's own for `crypto`.

use std::cell::Cell;

thread_local! {
    static STATE: Cell<(u64, u64)> = const { Cell::new((1, 2)) };
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn random_get(buffer: *mut u8, len: usize) -> i32;
}

/// Begins a sequence of this instance's own.
pub(crate) fn seed(low: u64, high: u64) {
    STATE.set(if (low, high) == (0, 0) { (1, 2) } else { (low, high) });
    for _ in 0..8 {
        next();
    }
}

/// A number in `0..1`, of 53 bits (xorshift128+).
pub(crate) fn next() -> f64 {
    let (mut first, second) = STATE.get();
    let sum = first.wrapping_add(second);
    first ^= first << 23;
    STATE.set((second, first ^ second ^ (first >> 18) ^ (second >> 5)));
    (sum >> 11) as f64 / (1_u64 << 53) as f64
}

/// Fills `bytes` from the host; false where the host refuses.
pub(crate) fn fill(bytes: &mut [u8]) -> bool {
    // SAFETY: the host writes into the slice only.
    unsafe { random_get(bytes.as_mut_ptr(), bytes.len()) == 0 }
}
