//! JavaScript: an interpreter of our own, QuickJS with a library like Node's. It comes with this crate (`guests/javascript` has
//! the sources), so that nothing has to be fetched.

use super::interpreter::{Files, Origin};
use crate::setup::Diagnosis;

/// What `cargo xtask guests` builds.
const GUEST: &[u8] = include_bytes!("../../guests/javascript.wasm");

/// What there is for JavaScript.
pub(crate) fn diagnose() -> Diagnosis {
    Diagnosis::found("JavaScript", "QuickJS, part of this program")
}

/// What the interpreter is made of.
pub(super) fn files() -> Files {
    Files {
        version: format!("javascript {}", blake3::hash(GUEST).to_hex()),
        wasm: Origin::Bytes(GUEST),
        driver: "",
        folders: Vec::new(),
    }
}
