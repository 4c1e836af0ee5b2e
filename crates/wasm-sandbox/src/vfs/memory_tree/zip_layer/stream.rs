//! The bytes of an archive's file, read where they are.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt,
    sync::{Arc, Mutex, PoisonError},
};

use flate2::{Crc, read::DeflateDecoder};

use crate::vfs::{Errno, VfsResult, memory_tree::lower::LowerFile};

/// Bytes that one read may take from the archive or throw away as inflated: some ten milliseconds of work. What takes more
/// goes on at the next attempt.
const STEP: u64 = 4 << 20;

/// Bytes that are inflated at a time to get to what was asked for.
const SKIP: usize = 32 << 10;

/// Where the bytes of a file are, and what they are to be.
#[derive(Clone)]
pub(super) struct Packed {
    pub(super) archive: Arc<File>,
    pub(super) start: u64,
    pub(super) len: u64,
    pub(super) size: u64,
    pub(super) crc: u32,
}

impl Packed {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let len = self.len.saturating_sub(offset).min(buffer.len() as u64);
        let buffer = buffer.get_mut(..usize::try_from(len).unwrap_or(usize::MAX)).unwrap_or_default();
        let start = self.start.checked_add(offset).ok_or(io::ErrorKind::InvalidData)?;
        self.archive.read_at(buffer, start)
    }
}

/// A file that is there as it is. Its checksum is not looked at, since it is read from anywhere.
pub(super) struct Stored(pub(super) Packed);

impl LowerFile for Stored {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> VfsResult<usize> {
        match self.0.read_at(buffer, offset) {
            Ok(0) if offset < self.0.size && !buffer.is_empty() => Err(Errno::Io),
            outcome => outcome.map_err(|_| Errno::Io),
        }
    }
}

/// A file that is inflated from its start as far as it is read; going back starts it again.
pub(super) struct Inflated {
    packed: Packed,
    stream: Mutex<Stream>,
}

struct Stream {
    inflate: DeflateDecoder<Input>,
    crc: Crc,
    /// Bytes inflated so far.
    given: u64,
}

impl Inflated {
    pub(super) fn new(packed: Packed) -> Self {
        let stream = Mutex::new(Stream::new(&packed));
        Self { packed, stream }
    }
}

impl LowerFile for Inflated {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> VfsResult<usize> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        if offset < stream.given {
            *stream = Stream::new(&self.packed);
        }
        stream.inflate.get_mut().allowance = STEP;
        let mut skipped = 0;
        let mut waste = [0; SKIP];
        while stream.given < offset {
            if skipped >= STEP {
                return Err(Errno::Again);
            }
            let len = usize::try_from(offset - stream.given).unwrap_or(SKIP).min(SKIP);
            skipped += stream.take(&self.packed, waste.get_mut(..len).unwrap_or_default())? as u64;
        }
        stream.take(&self.packed, buffer)
    }
}

impl Stream {
    fn new(packed: &Packed) -> Self {
        let input = Input { packed: packed.clone(), at: 0, allowance: STEP };
        Self { inflate: DeflateDecoder::new_with_buf(input, vec![0; SKIP]), crc: Crc::new(), given: 0 }
    }

    /// The next bytes, no more than the archive says that there are, and at the end only if they are what it says.
    fn take(&mut self, packed: &Packed, buffer: &mut [u8]) -> VfsResult<usize> {
        let len = usize::try_from(packed.size - self.given).unwrap_or(usize::MAX).min(buffer.len());
        let buffer = buffer.get_mut(..len).unwrap_or_default();
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = self.inflate.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => Errno::Again,
            _ => Errno::Io,
        })?;
        self.crc.update(buffer.get(..read).unwrap_or_default());
        self.given += read as u64;
        let wrong = read == 0 || self.given == packed.size && self.crc.sum() != packed.crc;
        if wrong { Err(Errno::Io) } else { Ok(read) }
    }
}

/// The deflated bytes, with a pause after so many of them: some inflate to nothing.
struct Input {
    packed: Packed,
    at: u64,
    allowance: u64,
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.allowance == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let read = self.packed.read_at(buffer, self.at)?;
        self.at += read as u64;
        self.allowance = self.allowance.saturating_sub(read as u64);
        Ok(read)
    }
}
