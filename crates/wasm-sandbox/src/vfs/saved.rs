//! Trees as they were at a moment, for snapshots of what runs in them.

use std::{os::fd::OwnedFd, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error};

use super::memory_tree::SavedMemory;

/// Tells the live trees of a process apart.
pub(crate) type TreeId = usize;

/// A tree at a moment. What is in a directory of the host stays there; only a tree in memory is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum SavedTree {
    Host,
    Memory(SavedMemory),
}

impl SavedTree {
    /// Bytes of the host's memory that it takes.
    pub(crate) fn memory(&self) -> u64 {
        match self {
            Self::Host => 0,
            Self::Memory(saved) => saved.memory(),
        }
    }
}

/// What an open file or directory is in its tree.
#[derive(Clone)]
pub(crate) enum SavedHandle {
    /// It is the host's, and open.
    Host(Arc<OwnedFd>),
    /// An inode of a tree in memory.
    Memory(u64),
}

impl Serialize for SavedHandle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Host(_) => Err(S::Error::custom("an open file of the host cannot go elsewhere")),
            Self::Memory(inode) => inode.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for SavedHandle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self::Memory)
    }
}
