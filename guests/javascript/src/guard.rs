//! The engine is compiled with stack protectors, for the frame that they give to every function: see `native/frames.awk`.

/// What the protector compares. Its value protects nothing here, and must be the same in every build.
#[unsafe(no_mangle)]
static __stack_chk_guard: usize = 0x00c0_ffee;

/// A guard was overwritten.
#[unsafe(no_mangle)]
extern "C" fn __stack_chk_fail() -> ! {
    std::process::abort()
}
