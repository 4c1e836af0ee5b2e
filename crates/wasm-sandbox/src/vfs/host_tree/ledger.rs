//! What one sandbox did to the inodes of a tree: bytes that it added, names that it gave. Only what it paid for is given
//! back, and only names that it made itself may lead to a file that it writes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::vfs::{Errno, Quota, VfsResult};

/// An inode's device and number.
type Id = (u64, u64);

/// One inode that the sandbox made, wrote or linked.
#[derive(Debug, Default)]
pub(super) struct Inode {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// The end of the file as far as it is paid for or was there before.
    pub(super) end: u64,
    /// Bytes paid for.
    pub(super) charged: u64,
    /// Whether the sandbox made it, and so paid for a file.
    created: bool,
    /// Names that the sandbox gave it and paid for, less those that it took away.
    links: u64,
    /// Whether it once had a name that the sandbox did not make besides the first; never forgotten.
    aliased: bool,
    /// Whether its last name has gone.
    unlinked: bool,
    /// Descriptors that the sandbox has on it.
    open: u32,
}

#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<HashMap<Id, Arc<Inode>>>);

impl Inode {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn see(&mut self, links: u64) {
        self.aliased |= links > self.links + 1;
    }

    fn settle(&mut self, quota: &Quota) {
        quota.refund_bytes(std::mem::take(&mut self.charged));
        if std::mem::take(&mut self.created) {
            quota.refund_file();
        }
    }

    fn worth_keeping(&self) -> bool {
        self.open > 0 || self.charged > 0 || self.created || self.links > 0
    }
}

impl Ledger {
    fn map(&self) -> MutexGuard<'_, HashMap<Id, Arc<Inode>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entry(&self, stat: &rustix::fs::Stat) -> Arc<Inode> {
        Arc::clone(self.map().entry((stat.st_dev, stat.st_ino)).or_default())
    }

    /// A file was opened for writing.
    ///
    /// # Errors
    /// [`Errno::Perm`] when it has a name that the sandbox did not make besides the one in the tree: that one may be
    /// anywhere.
    pub(super) fn open(&self, stat: &rustix::fs::Stat, created: bool) -> VfsResult<Arc<Inode>> {
        let inode = self.entry(stat);
        {
            let mut state = inode.state();
            state.see(stat.st_nlink);
            if state.aliased {
                return Err(Errno::Perm);
            }
            if state.open == 0 && state.charged == 0 {
                state.end = u64::try_from(stat.st_size).unwrap_or(0);
            }
            state.created |= created;
            state.open += 1;
        }
        Ok(inode)
    }

    /// A descriptor from [`open`](Self::open) is closed.
    pub(super) fn close(&self, id: Id, inode: &Inode, quota: &Quota) {
        let keep = {
            let mut state = inode.state();
            state.open = state.open.saturating_sub(1);
            if state.open == 0 && state.unlinked {
                state.settle(quota);
            }
            !state.unlinked && state.worth_keeping()
        };
        if !keep {
            self.forget(id);
        }
    }

    /// A directory or link was made and paid for.
    pub(super) fn created(&self, stat: Option<rustix::fs::Stat>) {
        if let Some(stat) = stat {
            self.entry(&stat).state().created = true;
        }
    }

    /// The sandbox gave an inode, as it was before, one more name.
    pub(super) fn linked(&self, before: &rustix::fs::Stat) {
        let inode = self.entry(before);
        let mut state = inode.state();
        state.see(before.st_nlink);
        state.links += 1;
    }

    /// A name has gone; `last` is whether it was the only one.
    pub(super) fn removed(&self, stat: &rustix::fs::Stat, last: bool, quota: &Quota) {
        let id = (stat.st_dev, stat.st_ino);
        let Some(inode) = self.map().get(&id).map(Arc::clone) else { return };
        let mut state = inode.state();
        if !last {
            if state.links > 0 {
                state.links -= 1;
                quota.refund_file();
            }
            return;
        }
        state.unlinked = true;
        if state.open == 0 {
            state.settle(quota);
            drop(state);
            self.forget(id);
        }
    }

    fn forget(&self, id: Id) {
        self.map().remove(&id);
    }
}
