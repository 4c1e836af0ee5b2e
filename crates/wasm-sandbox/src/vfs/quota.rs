//! What a sandbox may add to its writable trees, shared by all of them.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use wasm_sandbox_policy::{LimitHit, ResourceKind, ResourceLimits};

use super::{Errno, VfsResult};
use crate::allowance::Allowance;

/// Counts bytes and files against their limits; charging and giving back are safe from any thread. Trees in memory also take
/// of the sandbox's memory.
#[derive(Debug)]
pub(crate) struct Quota {
    bytes: AtomicU64,
    max_bytes: u64,
    files: AtomicU64,
    max_files: u64,
    max_file_size: u64,
    memory: Allowance,
    hits: Mutex<Vec<LimitHit>>,
}

/// Bytes and files that something was charged for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) bytes: u64,
    pub(crate) files: u64,
}

impl Usage {
    pub(crate) fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self { bytes: self.bytes.checked_add(other.bytes)?, files: self.files.checked_add(other.files)? })
    }

    /// Whether neither is less than the other's.
    pub(crate) fn covers(self, other: Self) -> bool {
        self.bytes >= other.bytes && self.files >= other.files
    }
}

impl Quota {
    pub(crate) fn new(limits: &ResourceLimits) -> Self {
        Self {
            bytes: AtomicU64::new(0),
            max_bytes: limits.disk.as_u64(),
            files: AtomicU64::new(0),
            max_files: limits.files,
            max_file_size: limits.file_size.as_u64(),
            memory: Allowance::new(limits.memory.as_u64()),
            hits: Mutex::default(),
        }
    }

    /// Takes up to `bytes` bytes and gives back how many it took.
    ///
    /// # Errors
    /// [`Errno::Nospc`] when not one is left.
    pub(crate) fn charge_bytes(&self, bytes: u64) -> VfsResult<u64> {
        let before = self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            Some(used.saturating_add(bytes).min(self.max_bytes.max(used)))
        });
        let used = before.unwrap_or_else(|used| used);
        let taken = bytes.min(self.max_bytes.saturating_sub(used));
        if taken < bytes {
            self.hit(ResourceKind::Disk, used.saturating_add(bytes), self.max_bytes);
        }
        if taken == 0 && bytes > 0 { Err(Errno::Nospc) } else { Ok(taken) }
    }

    /// Takes all of `bytes` or nothing.
    ///
    /// # Errors
    /// [`Errno::Nospc`] when not all are left.
    pub(crate) fn charge_all_bytes(&self, bytes: u64) -> VfsResult<()> {
        let taken = self.charge_bytes(bytes)?;
        if taken < bytes {
            self.refund_bytes(taken);
            return Err(Errno::Nospc);
        }
        Ok(())
    }

    pub(crate) fn refund_bytes(&self, bytes: u64) {
        let _ = self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| Some(used.saturating_sub(bytes)));
    }

    /// Takes one file, directory or link.
    ///
    /// # Errors
    /// [`Errno::Nospc`] when none is left.
    pub(crate) fn charge_file(&self) -> VfsResult<()> {
        self.files
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| (used < self.max_files).then_some(used + 1))
            .map(|_| ())
            .map_err(|used| {
                self.hit(ResourceKind::Files, used + 1, self.max_files);
                Errno::Nospc
            })
    }

    pub(crate) fn refund_file(&self) {
        let _ = self.files.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| Some(used.saturating_sub(1)));
    }

    /// Takes memory of the host, all of it or none.
    ///
    /// # Errors
    /// [`Errno::Nospc`] when the sandbox, or the process, has not as much left.
    pub(crate) fn charge_memory(&self, bytes: u64) -> VfsResult<()> {
        self.memory.take(bytes).map_err(|hit| {
            self.hit(hit.kind, hit.used, hit.limit);
            Errno::Nospc
        })
    }

    pub(crate) fn refund_memory(&self, bytes: u64) {
        self.memory.give_back(bytes);
    }

    /// The sandbox's memory, which its guest's own counts against as well.
    pub(crate) fn memory(&self) -> &Allowance {
        &self.memory
    }

    pub(crate) fn max_file_size(&self) -> u64 {
        self.max_file_size
    }

    /// How many of `len` bytes at `offset` a file may hold.
    ///
    /// # Errors
    /// [`Errno::Fbig`] when not one.
    pub(crate) fn clip_to_file_size(&self, offset: u64, len: u64) -> VfsResult<u64> {
        let room = self.max_file_size.saturating_sub(offset);
        if room < len {
            self.hit(ResourceKind::FileSize, offset.saturating_add(len), self.max_file_size);
        }
        if room == 0 && len > 0 { Err(Errno::Fbig) } else { Ok(len.min(room)) }
    }

    /// Begins with what was charged elsewhere for the same.
    ///
    /// # Errors
    /// [`Errno::Nospc`] when that is more than the limits.
    pub(crate) fn restore(&self, bytes: u64, files: u64) -> VfsResult<()> {
        if bytes > self.max_bytes || files > self.max_files {
            return Err(Errno::Nospc);
        }
        self.bytes.store(bytes, Ordering::Relaxed);
        self.files.store(files, Ordering::Relaxed);
        Ok(())
    }

    pub(crate) fn bytes_used(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn files_used(&self) -> u64 {
        self.files.load(Ordering::Relaxed)
    }

    /// The limits hit so far, each kind once with its highest `used`.
    pub(crate) fn hits(&self) -> Vec<LimitHit> {
        self.hits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hit(&self, kind: ResourceKind, used: u64, limit: u64) {
        let mut hits = self.hits.lock().unwrap_or_else(PoisonError::into_inner);
        match hits.iter_mut().find(|hit| hit.kind == kind) {
            Some(hit) => hit.used = hit.used.max(used),
            None => hits.push(LimitHit { kind, used, limit }),
        }
    }
}
