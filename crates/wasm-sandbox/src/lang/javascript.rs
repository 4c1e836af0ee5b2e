//! JavaScript: an interpreter of our own, QuickJS with a library like Node's. It comes with this crate (`guests/javascript` has
//! the sources), so that nothing has to be fetched.

use std::sync::LazyLock;

use super::interpreter::{Files, Origin};
use crate::setup::Diagnosis;

/// What `cargo xtask guests` builds.
const GUEST: &[u8] = include_bytes!("../../guests/javascript.wasm");

/// What there is for JavaScript.
pub(crate) fn diagnose() -> Diagnosis {
    Diagnosis::found("JavaScript", "QuickJS, part of this program")
}

/// What runs once in every image: nothing, for the library is part of the guest.
pub(super) const DRIVER: &str = "";

/// Everything that its code depends on.
pub(super) fn version() -> String {
    static VERSION: LazyLock<String> = LazyLock::new(|| format!("javascript {}", blake3::hash(GUEST).to_hex()));
    VERSION.clone()
}

/// What the interpreter is made of.
pub(super) fn files() -> Files {
    Files { version: version(), wasm: Origin::Bytes(GUEST), driver: DRIVER, mend: |_| Ok(()), folders: Vec::new() }
}
