//! The memory of one instance.

use std::{
    io,
    sync::{Arc, LazyLock},
};

use super::{Beginning, Changes, Image, changes::Mapped, slot::Slot};
use wasm_sandbox_policy::SandboxError;

use crate::value::WasmValue;

/// What memories begin with that have no image.
static NOTHING: LazyLock<io::Result<Arc<Image>>> = LazyLock::new(|| {
    let file = super::sparse(&[])?;
    Image::of_file(file, 0, [0; 32], Vec::new())
});

/// A memory that began as an image. When it is dropped its address space goes back to the image, for the next instance.
pub(crate) struct ImageMemory {
    image: Arc<Image>,
    /// Taken when the value is dropped.
    slot: Option<Slot>,
    /// Parts that are neither the image's nor its own.
    mapped: Vec<Mapped>,
    len: usize,
    reservation: usize,
}

impl ImageMemory {
    /// A memory of at least `len` bytes.
    pub(crate) fn new(beginning: Option<Beginning>, len: usize, reservation: usize, guard: usize) -> io::Result<Self> {
        let (image, changes, forks) = match beginning {
            Some(Beginning { image, changes, forks }) => (image, changes, forks),
            None => (Arc::clone(NOTHING.as_ref().map_err(|error| io::Error::other(error.to_string()))?), None, false),
        };
        let slot = image.slot(reservation, guard)?;
        let mut memory = Self { len: image.len(), image, slot: Some(slot), mapped: Vec::new(), reservation };
        memory.grow_to(len)?;
        if let Some(changes) = changes {
            memory.grow_to(changes.len())?;
            memory.mapped = changes.mapped().to_vec();
            changes.apply(memory.slot()?)?;
        }
        if forks {
            memory.slot()?.will_fork();
        }
        Ok(memory)
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn capacity(&self) -> usize {
        self.reservation
    }

    pub(crate) fn base(&self) -> *mut u8 {
        self.slot.as_ref().map_or(std::ptr::null_mut(), Slot::base)
    }

    pub(crate) fn grow_to(&mut self, len: usize) -> io::Result<()> {
        let from = self.len;
        if len > from {
            self.slot()?.grow(from, len)?;
            self.len = len;
        }
        Ok(())
    }

    /// What it holds besides its image. The instance that it belongs to is not running.
    pub(crate) fn changes(&mut self, globals: Vec<WasmValue>) -> Result<Changes, SandboxError> {
        let gone = || SandboxError::internal("taking a snapshot", gone());
        let slot = self.slot.as_mut().ok_or_else(gone)?;
        Changes::of(slot, self.image.bytes(), &mut self.mapped, self.len, globals)
    }

    /// Whether a part of it is another process's, of which this one is a child.
    pub(crate) fn is_of_parent(&self) -> bool {
        self.slot.as_ref().is_some_and(Slot::is_of_parent)
    }

    /// Whether nobody knows any more what it holds.
    pub(crate) fn is_broken(&self) -> bool {
        self.slot.as_ref().is_none_or(Slot::is_broken)
    }

    pub(super) fn slot(&mut self) -> io::Result<&mut Slot> {
        self.slot.as_mut().ok_or_else(gone)
    }
}

fn gone() -> io::Error {
    io::Error::other("a memory that is gone")
}

impl Drop for ImageMemory {
    fn drop(&mut self) {
        // A slot that maps other files is not worth putting back.
        if let Some(slot) = self.slot.take().filter(|slot| !slot.is_foreign()) {
            self.image.give_back(slot, self.len);
        }
    }
}
