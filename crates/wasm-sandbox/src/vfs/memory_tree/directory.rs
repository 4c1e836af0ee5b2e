//! The entries of a directory: by name to find them, by age to list them.

use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Unbounded},
    sync::Arc,
};

use super::{InodeId, saved::SavedDirectory};

/// The cursors after `.` and `..`, which no directory keeps.
pub(super) const AFTER_DOT: u64 = 1;
pub(super) const AFTER_DOT_DOT: u64 = 2;

/// A directory's entries; those of the layer below are taken over when it is first looked at.
///
/// Each name has a number of its own that later names do not get again. It is the cursor after that entry, so a listing
/// goes on at the right place whatever was removed meanwhile: programs remove what a listing gave them before they ask for
/// more.
pub(super) struct Directory {
    names: BTreeMap<Arc<[u8]>, Entry>,
    order: BTreeMap<u64, Arc<[u8]>>,
    last: u64,
    /// Where its entries come from, until they have been taken over.
    pub(super) below: Option<Arc<[u8]>>,
}

#[derive(Clone, Copy)]
struct Entry {
    inode: InodeId,
    number: u64,
}

impl Directory {
    pub(super) fn new(below: Option<Arc<[u8]>>) -> Self {
        Self { names: BTreeMap::new(), order: BTreeMap::new(), last: AFTER_DOT_DOT, below }
    }

    pub(super) fn save(&self) -> SavedDirectory {
        let entry = |(name, entry): (&Arc<[u8]>, &Entry)| (name.to_vec(), entry.inode, entry.number);
        let below = self.below.as_ref().map(|path| path.to_vec());
        SavedDirectory { entries: self.names.iter().map(entry).collect(), last: self.last, below }
    }

    pub(super) fn restored(saved: &SavedDirectory) -> Self {
        let mut directory = Self::new(saved.below.as_deref().map(Arc::from));
        for (name, inode, number) in &saved.entries {
            let name: Arc<[u8]> = name.as_slice().into();
            directory.order.insert(*number, Arc::clone(&name));
            directory.names.insert(name, Entry { inode: *inode, number: *number });
        }
        directory.last = saved.last;
        directory
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub(super) fn find(&self, name: &[u8]) -> Option<InodeId> {
        self.names.get(name).map(|entry| entry.inode)
    }

    pub(super) fn insert(&mut self, name: &[u8], inode: InodeId) {
        self.remove(name);
        let name: Arc<[u8]> = name.into();
        self.last += 1;
        self.order.insert(self.last, Arc::clone(&name));
        self.names.insert(name, Entry { inode, number: self.last });
    }

    pub(super) fn remove(&mut self, name: &[u8]) {
        if let Some(entry) = self.names.remove(name) {
            self.order.remove(&entry.number);
        }
    }

    pub(super) fn inodes(&self) -> impl Iterator<Item = InodeId> {
        self.names.values().map(|entry| entry.inode)
    }

    /// The entries after a cursor, each with the cursor after it.
    pub(super) fn after(&self, cursor: u64) -> impl Iterator<Item = (u64, &[u8], InodeId)> {
        let later = self.order.range((Excluded(cursor), Unbounded));
        later.filter_map(|(number, name)| Some((*number, &**name, self.find(name)?)))
    }
}
