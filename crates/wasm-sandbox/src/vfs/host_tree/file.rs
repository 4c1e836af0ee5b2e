//! An open file of the host.

use std::{os::fd::OwnedFd, sync::Arc};

use rustix::io::ReadWriteFlags;

use super::{
    Tree,
    errors::{self, errno},
    ledger::Inode,
};
use crate::vfs::{Errno, File, SavedHandle, SetTime, Stat, TreeId, VfsResult};

pub(super) struct HostFile {
    descriptor: Arc<OwnedFd>,
    id: (u64, u64),
    /// There for files that can be written.
    inode: Option<Arc<Inode>>,
    tree: Arc<Tree>,
}

impl HostFile {
    pub(super) fn new(
        descriptor: Arc<OwnedFd>,
        stat: &rustix::fs::Stat,
        write: bool,
        created: bool,
        tree: &Arc<Tree>,
    ) -> VfsResult<Self> {
        let inode = if write || created { Some(tree.ledger.open(stat, created)?) } else { None };
        Ok(Self { descriptor, id: (stat.st_dev, stat.st_ino), inode, tree: Arc::clone(tree) })
    }

    /// Pays for a write of `len` bytes at `offset`, does as much of it as was paid for, and gives back the rest.
    fn pay(&self, offset: u64, len: usize, work: impl FnOnce(usize) -> VfsResult<usize>) -> VfsResult<usize> {
        let inode = self.inode.as_ref().ok_or(Errno::Badf)?;
        let len = self.tree.quota.clip_to_file_size(offset, len as u64)?;
        let mut state = inode.state();
        let wanted = offset.saturating_add(len);
        let grows = wanted.saturating_sub(state.end);
        let paid = if grows > 0 { self.tree.quota.charge_bytes(grows)? } else { 0 };
        let allowed = (wanted - (grows - paid)).saturating_sub(offset);
        if allowed == 0 && len > 0 {
            self.tree.quota.refund_bytes(paid);
            return Err(Errno::Nospc);
        }
        let outcome = work(usize::try_from(allowed).unwrap_or(usize::MAX));
        let end = offset.saturating_add(*outcome.as_ref().unwrap_or(&0) as u64);
        let grown = if outcome.as_ref().is_ok_and(|written| *written > 0) { end.saturating_sub(state.end) } else { 0 };
        self.tree.quota.refund_bytes(paid.saturating_sub(grown));
        state.end += grown;
        state.charged += grown.min(paid);
        outcome
    }
}

impl File for HostFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> VfsResult<usize> {
        // The kernel refuses a read that could end beyond the last offset, whatever the file's size.
        let room = usize::try_from((i64::MAX as u64).saturating_sub(offset)).unwrap_or(usize::MAX);
        let len = buffer.len().min(room);
        rustix::io::pread(&self.descriptor, buffer.get_mut(..len).unwrap_or_default(), offset).map_err(errno)
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> VfsResult<usize> {
        self.pay(offset, bytes.len(), |len| {
            rustix::io::pwrite(&self.descriptor, bytes.get(..len).unwrap_or(bytes), offset).map_err(errno)
        })
    }

    fn append(&mut self, bytes: &[u8]) -> VfsResult<(usize, u64)> {
        let size = |file: &Self| file.stat().map(|stat| stat.size);
        let offset = size(self)?;
        let written = self.pay(offset, bytes.len(), |len| {
            let bytes = std::io::IoSlice::new(bytes.get(..len).unwrap_or(bytes));
            rustix::io::pwritev2(&self.descriptor, &[bytes], 0, ReadWriteFlags::APPEND).map_err(errno)
        })?;
        Ok((written, size(self)?))
    }

    fn stat(&self) -> VfsResult<Stat> {
        rustix::fs::fstat(&self.descriptor).map(|stat| errors::stat(&stat)).map_err(errno)
    }

    fn set_size(&mut self, size: u64) -> VfsResult<()> {
        let inode = self.inode.as_ref().ok_or(Errno::Badf)?;
        if i64::try_from(size).is_err() {
            return Err(Errno::Inval);
        }
        self.tree
            .quota
            .clip_to_file_size(0, size)
            .and_then(|fits| if fits < size { Err(Errno::Fbig) } else { Ok(()) })?;
        let mut state = inode.state();
        let grows = size.saturating_sub(state.end);
        self.tree.quota.charge_all_bytes(grows)?;
        if let Err(error) = rustix::fs::ftruncate(&self.descriptor, size) {
            self.tree.quota.refund_bytes(grows);
            return Err(errno(error));
        }
        state.charged += grows;
        let back = state.end.saturating_sub(size).min(state.charged);
        self.tree.quota.refund_bytes(back);
        state.charged -= back;
        state.end = size;
        Ok(())
    }

    fn allocate(&mut self, offset: u64, len: u64) -> VfsResult<()> {
        let end = offset.checked_add(len).ok_or(Errno::Fbig)?;
        if self.stat()?.size < end { self.set_size(end) } else { Ok(()) }
    }

    fn set_times(&self, accessed: SetTime, modified: SetTime) -> VfsResult<()> {
        if !self.tree.access.eq(&wasm_sandbox_policy::MountAccess::Write) {
            return Err(Errno::Rofs);
        }
        rustix::fs::futimens(&self.descriptor, &errors::timestamps(accessed, modified)?).map_err(errno)
    }

    fn sync(&self, data_only: bool) -> VfsResult<()> {
        let outcome =
            if data_only { rustix::fs::fdatasync(&self.descriptor) } else { rustix::fs::fsync(&self.descriptor) };
        outcome.map_err(errno)
    }

    fn save(&self) -> VfsResult<(TreeId, SavedHandle)> {
        // Positions are not the kernel's business here, so whoever opens the same again may share it.
        Ok((self.tree.id(), SavedHandle::Host(Arc::clone(&self.descriptor))))
    }
}

impl Drop for HostFile {
    fn drop(&mut self) {
        if let Some(inode) = &self.inode {
            self.tree.ledger.close(self.id, inode, &self.tree.quota);
        }
    }
}
