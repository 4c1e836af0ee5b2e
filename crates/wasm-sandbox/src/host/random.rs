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

    /// How far numbers from a seed have come.
    pub(super) fn drawn(&self) -> Option<u128> {
        match self {
            Self::Secure => None,
            Self::Seeded(generator) => Some(generator.get_word_pos()),
        }
    }

    /// Goes on from there.
    pub(super) fn skip(&mut self, drawn: u128) {
        if let Self::Seeded(generator) = self {
            generator.set_word_pos(drawn);
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
