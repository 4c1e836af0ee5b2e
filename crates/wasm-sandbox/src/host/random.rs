//! The random numbers that a guest gets.

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore, SeedableRng},
};
use wasm_sandbox_policy::RandomPolicy;

use crate::vfs::{Errno, VfsResult};

/// The source of one sandbox.
pub(super) enum Random {
    Secure,
    Seeded(Box<ChaCha20Rng>),
}

impl Random {
    pub(super) fn new(policy: RandomPolicy) -> Self {
        match policy {
            RandomPolicy::Seeded(seed) => Self::Seeded(Box::new(ChaCha20Rng::seed_from_u64(seed))),
            _ => Self::Secure,
        }
    }

    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> VfsResult<()> {
        match self {
            Self::Secure => getrandom::fill(buffer).map_err(|_| Errno::Io),
            Self::Seeded(generator) => {
                generator.fill_bytes(buffer);
                Ok(())
            }
        }
    }
}
