//! The memory of one instance.

use std::{
    io,
    sync::{Arc, LazyLock},
};

use super::{Image, slot::Slot};

/// What memories begin with that have no image.
static NOTHING: LazyLock<io::Result<Arc<Image>>> = LazyLock::new(|| {
    let file = super::sparse(&[])?;
    Image::of_file(file, 0, Vec::new())
});

/// A memory that began as an image. When it is dropped its address space goes back to the image, for the next instance.
pub(crate) struct ImageMemory {
    image: Arc<Image>,
    /// Taken when the value is dropped.
    slot: Option<Slot>,
    len: usize,
    reservation: usize,
}

impl ImageMemory {
    /// A memory of at least `len` bytes.
    pub(crate) fn new(image: Option<Arc<Image>>, len: usize, reservation: usize, guard: usize) -> io::Result<Self> {
        let image = match image {
            Some(image) => image,
            None => Arc::clone(NOTHING.as_ref().map_err(|error| io::Error::other(error.to_string()))?),
        };
        let slot = image.slot(reservation, guard)?;
        let mut memory = Self { len: image.len(), image, slot: Some(slot), reservation };
        if len > memory.len {
            memory.grow_to(len)?;
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
        let slot = self.slot.as_mut().ok_or_else(|| io::Error::other("a memory that is gone"))?;
        if len > self.len {
            slot.grow(self.len, len)?;
            self.len = len;
        }
        Ok(())
    }
}

impl Drop for ImageMemory {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            self.image.give_back(slot, self.len);
        }
    }
}
