//! Images: the memory of a runtime that was started once, which new instances map copy-on-write.
//!
//! A runtime's module is stripped of its data ([`strip`]) and compiled once; what its memory begins with is an [`Image`], and
//! so is whatever it holds after more code has run, with no need to compile again. Memories of ended instances are kept and
//! put back to the image page by page, so that the next instance begins without a page fault ([`slot`]).

mod changes;
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
pub(crate) use self::{
    changes::Changes, idle::release as release_idle, memory::ImageMemory, stack::Stack, stack::depth as stack_depth,
};
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
    /// Of the bytes: what tells it from other images, also those of other machines.
    pub(crate) hash: [u8; 32],
    number: u64,
}

impl Image {
    /// An image whose bytes are a file's that nobody changes any more.
    pub(crate) fn of_file(file: File, len: usize, hash: [u8; 32], globals: Vec<WasmValue>) -> io::Result<Arc<Self>> {
        let contents = Mapping::of_file(&file, len)?;
        Ok(Arc::new(Self { file, contents, globals, hash, number: NUMBERS.fetch_add(1, Ordering::Relaxed) }))
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

/// What an instance's memory and globals begin with: an image, and what has changed since.
#[derive(Clone)]
pub(crate) struct Beginning {
    pub(crate) image: Arc<Image>,
    pub(crate) changes: Option<Arc<Changes>>,
    /// Whether copies may be made of it.
    pub(crate) forks: bool,
}

impl Beginning {
    /// Bytes of memory that an instance begins with.
    pub(crate) fn len(&self) -> usize {
        self.changes.as_ref().map_or(self.image.len(), |changes| changes.len())
    }

    pub(crate) fn globals(&self) -> &[WasmValue] {
        self.changes.as_ref().map_or(&self.image.globals, |changes| &changes.globals)
    }
}

/// A sealed file in memory with these bytes.
fn sparse(bytes: &[u8]) -> io::Result<File> {
    let mut file = unsealed()?;
    write_sparse(&mut file, bytes)?;
    seal(file)
}

/// A file in memory that can still be written.
fn unsealed() -> io::Result<File> {
    Ok(File::from(rustix::fs::memfd_create("image", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?))
}

/// From here on nobody changes the file.
fn seal(file: File) -> io::Result<File> {
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

/// Values of globals in bytes: a letter and eight bytes each.
pub(crate) fn globals_to(globals: &[WasmValue]) -> Vec<u8> {
    let one = |value: &WasmValue| match *value {
        WasmValue::I32(value) => (b'i', u64::from(value.cast_unsigned())),
        WasmValue::I64(value) => (b'l', value.cast_unsigned()),
        WasmValue::F32(value) => (b'f', u64::from(value.to_bits())),
        WasmValue::F64(value) => (b'd', value.to_bits()),
    };
    globals.iter().map(one).flat_map(|(kind, bits)| std::iter::once(kind).chain(bits.to_le_bytes())).collect()
}

/// The values that [`globals_to`] wrote.
pub(crate) fn globals_from(bytes: &[u8]) -> Option<Vec<WasmValue>> {
    let (chunks, []) = bytes.as_chunks::<9>() else { return None };
    let one = |[kind, bits @ ..]: &[u8; 9]| {
        let bits = u64::from_le_bytes(*bits);
        Some(match kind {
            b'i' => WasmValue::I32((bits as u32).cast_signed()),
            b'l' => WasmValue::I64(bits.cast_signed()),
            b'f' => WasmValue::F32(f32::from_bits(bits as u32)),
            b'd' => WasmValue::F64(f64::from_bits(bits)),
            _ => return None,
        })
    };
    chunks.iter().map(one).collect()
}
