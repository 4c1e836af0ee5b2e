//! The guest's memory as host functions see it: every access is checked, and nothing is allocated on the guest's word.

use super::paths::MAX_PATH;
use crate::vfs::{Errno, VfsResult};

/// Buffers of one call that are looked at; a call with more does part of its work, as POSIX lets it.
const MAX_BUFFERS: u32 = 1024;

/// Reads and writes of a guest's memory, little-endian.
pub(super) trait GuestMemory {
    fn slice(&self, pointer: u32, len: u32) -> VfsResult<&[u8]>;
    fn slice_mut(&mut self, pointer: u32, len: u32) -> VfsResult<&mut [u8]>;
    fn store(&mut self, pointer: u32, bytes: &[u8]) -> VfsResult<()>;
    fn load<const N: usize>(&self, pointer: u32) -> VfsResult<[u8; N]>;

    fn load_u8(&self, pointer: u32) -> VfsResult<u8> {
        self.load(pointer).map(u8::from_le_bytes)
    }

    fn load_u16(&self, pointer: u32) -> VfsResult<u16> {
        self.load(pointer).map(u16::from_le_bytes)
    }

    fn load_u32(&self, pointer: u32) -> VfsResult<u32> {
        self.load(pointer).map(u32::from_le_bytes)
    }

    fn load_u64(&self, pointer: u32) -> VfsResult<u64> {
        self.load(pointer).map(u64::from_le_bytes)
    }

    fn store_u32(&mut self, pointer: u32, value: u32) -> VfsResult<()> {
        self.store(pointer, &value.to_le_bytes())
    }

    fn store_u64(&mut self, pointer: u32, value: u64) -> VfsResult<()> {
        self.store(pointer, &value.to_le_bytes())
    }

    /// Pointer and length of the buffer `index` of a list, if the list has it.
    fn buffer(&self, list: u32, count: u32, index: u32) -> VfsResult<Option<(u32, u32)>> {
        if index >= count.min(MAX_BUFFERS) {
            return Ok(None);
        }
        let entry = list.checked_add(index * 8).ok_or(Errno::Fault)?;
        Ok(Some((self.load_u32(entry)?, self.load_u32(entry.checked_add(4).ok_or(Errno::Fault)?)?)))
    }

    /// A path of the guest's, which the act itself looks at further.
    fn path(&self, pointer: u32, len: u32) -> VfsResult<&str> {
        if len as usize > MAX_PATH {
            return Err(Errno::Nametoolong);
        }
        std::str::from_utf8(self.slice(pointer, len)?).map_err(|_| Errno::Ilseq)
    }
}

impl GuestMemory for [u8] {
    fn slice(&self, pointer: u32, len: u32) -> VfsResult<&[u8]> {
        let start = pointer as usize;
        self.get(start..start.saturating_add(len as usize)).ok_or(Errno::Fault)
    }

    fn slice_mut(&mut self, pointer: u32, len: u32) -> VfsResult<&mut [u8]> {
        let start = pointer as usize;
        self.get_mut(start..start.saturating_add(len as usize)).ok_or(Errno::Fault)
    }

    fn store(&mut self, pointer: u32, bytes: &[u8]) -> VfsResult<()> {
        let start = pointer as usize;
        self.get_mut(start..start.saturating_add(bytes.len())).ok_or(Errno::Fault)?.copy_from_slice(bytes);
        Ok(())
    }

    fn load<const N: usize>(&self, pointer: u32) -> VfsResult<[u8; N]> {
        self.get(pointer as usize..).and_then(|rest| rest.first_chunk()).copied().ok_or(Errno::Fault)
    }
}
