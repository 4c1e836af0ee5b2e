//! Images: the memory of a runtime that was started once, which new instances map copy-on-write.
//!
//! A runtime's module is stripped of its data ([`strip`]) and compiled once; what its memory begins with is an [`Image`], and
//! so is whatever it holds after more code has run, with no need to compile again. Memories of ended instances are kept and
//! put back to the image page by page, so that the next instance begins without a page fault ([`slot`]).

mod idle;
mod memory;
mod slot;
mod stack;
pub(crate) mod strip;

use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use self::slot::{Mapping, Slot};
pub(crate) use self::{idle::release as release_idle, memory::ImageMemory, stack::Stack};
use crate::value::WasmValue;
use rustix::fs::{MemfdFlags, SealFlags};

/// Bytes of a page of the machine. Images are multiples of a wasm page, and so of this.
const PAGE: usize = 4096;

/// Tells images apart in what is kept for their next instances.
static NUMBERS: AtomicU64 = AtomicU64::new(0);

/// What a module's memory and globals begin with.
pub(crate) struct Image {
    file: File,
    /// The same bytes, mapped to be copied from.
    contents: Mapping,
    /// Values of the globals that can change, by their place among them.
    pub(crate) globals: Vec<WasmValue>,
    number: u64,
}

impl Image {
    /// An image whose bytes are a file's that nobody changes any more.
    pub(crate) fn of_file(file: File, len: usize, globals: Vec<WasmValue>) -> io::Result<Arc<Self>> {
        let contents = Mapping::of_file(&file, len)?;
        Ok(Arc::new(Self { file, contents, globals, number: NUMBERS.fetch_add(1, Ordering::Relaxed) }))
    }

    /// Bytes of memory that an instance begins with.
    pub(crate) fn len(&self) -> usize {
        self.contents.bytes().len()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.contents.bytes()
    }

    /// A memory that holds the image.
    fn slot(&self, reservation: usize, guard: usize) -> io::Result<Slot> {
        match idle::take(self.number) {
            Some(slot) if slot.fits(reservation, guard) => Ok(slot),
            _ => Slot::new(&self.file, self.len(), reservation, guard),
        }
    }

    /// Takes a memory back that an instance has used.
    fn give_back(&self, mut slot: Slot, used: usize) {
        if let Ok(kept) = slot.reset(self.bytes(), used) {
            idle::keep(self.number, slot, kept);
        }
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        idle::forget(self.number);
    }
}

/// A sealed file in memory with these bytes.
fn sparse(bytes: &[u8]) -> io::Result<File> {
    let mut file = File::from(rustix::fs::memfd_create("image", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?);
    write_sparse(&mut file, bytes)?;
    rustix::fs::fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    Ok(file)
}

/// Writes bytes to an empty file, leaving out what is zero anyway.
pub(crate) fn write_sparse(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.set_len(bytes.len() as u64)?;
    let mut at = 0;
    for run in bytes.chunks(16 * PAGE) {
        if run.iter().any(|byte| *byte != 0) {
            file.seek(SeekFrom::Start(at))?;
            file.write_all(run)?;
        }
        at += run.len() as u64;
    }
    Ok(())
}
