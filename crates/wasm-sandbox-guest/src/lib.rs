//! What a Rust crate needs to be a guest of `wasm-sandbox`: functions that can be called by name, their arguments and results
//! checked against their types.
//!
//! ```
//! use wasm_sandbox_guest::{export, info};
//!
//! /// Adds numbers.
//! #[export]
//! fn sum(numbers: Vec<i64>) -> Result<i64, String> {
//!     info!("{} numbers", numbers.len());
//!     numbers.iter().try_fold(0_i64, |sum, number| sum.checked_add(*number)).ok_or("too much".to_owned())
//! }
//! ```
//!
//! A library with `crate-type = ["cdylib"]`, built by `cargo build --release --target wasm32-wasip1`, is then a guest:
//! `wasm-sandbox call sum.wasm sum '[1, 2, 3]'`. Nothing else of `wasm-sandbox` is needed to build it.
//!
//! Parameters are numbers, `bool`, `char`, `String`, `&str`, slices, `Vec`, `Option`, `Result`, tuples, maps with text for keys,
//! and types that implement serde's traits; so are results. An `Err` is an error of the call. Callers see the function's doc
//! comment. Two exported functions of one module cannot share their name.
//!
//! Functions of the host's that the embedder registers are imported as from C: a block `unsafe extern "C"` with
//! `#[link(wasm_import_module = "env")]`.

#[doc(hidden)]
pub mod abi;
mod log;

/// Exports a function to callers outside of the sandbox. The function stays as it is for those inside.
pub use wasm_sandbox_guest_macros::export;
