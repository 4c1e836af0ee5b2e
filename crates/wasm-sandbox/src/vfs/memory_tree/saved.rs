//! A tree in memory at a moment: what of it is not in the layer below. Bytes of files are shared with the live tree until
//! one of them writes.

mod check;

use std::{collections::HashMap, sync::Arc, time::SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    InodeId, Node, ROOT, Tree,
    content::Content,
    directory::Directory,
    inodes::{ENTRY_COST, Inode, State},
};
use crate::vfs::{Errno, Usage, VfsResult};

/// A tree's inodes.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SavedMemory {
    inodes: Vec<SavedInode>,
    next: InodeId,
    room: usize,
}

#[derive(Clone, Serialize, Deserialize)]
struct SavedInode {
    inode: InodeId,
    node: SavedNode,
    links: u64,
    times: [SystemTime; 3],
    paid: bool,
    unseen: Option<Vec<u8>>,
}

#[derive(Clone, Serialize, Deserialize)]
enum SavedNode {
    File(SavedContent),
    Directory(SavedDirectory),
    Symlink(Vec<u8>),
    Other,
}

/// What a file holds.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SavedContent {
    pub(super) size: u64,
    pub(super) pieces: Vec<(u64, Piece)>,
    /// Where it is in the layer below, and how much of that shows.
    pub(super) below: Option<(Vec<u8>, u64)>,
}

/// What a directory has.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SavedDirectory {
    /// Name, inode and number.
    pub(super) entries: Vec<(Vec<u8>, InodeId, u64)>,
    pub(super) last: u64,
    pub(super) below: Option<Vec<u8>>,
}

/// Bytes that are shared until they are written.
#[derive(Clone)]
pub(super) struct Piece(pub(super) Arc<Vec<u8>>);

impl Serialize for Piece {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Piece {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes: &[u8] = Deserialize::deserialize(deserializer)?;
        Ok(Self(Arc::new(bytes.to_vec())))
    }
}

impl SavedMemory {
    /// Bytes of the host's memory that it takes.
    pub(crate) fn memory(&self) -> u64 {
        let pieces = |inode: &SavedInode| match &inode.node {
            SavedNode::File(content) => content.pieces.iter().map(|(_, Piece(bytes))| bytes.len() as u64).sum(),
            _ => 0,
        };
        self.inodes.iter().map(|inode| ENTRY_COST + pieces(inode)).sum()
    }
}

impl Tree {
    pub(super) fn save(&self) -> SavedMemory {
        let state = self.state();
        let inodes = state.inodes.iter().map(|(inode, entry)| SavedInode::of(*inode, entry)).collect();
        SavedMemory { inodes, next: state.next, room: state.room }
    }

    /// Brings a tree that nothing has happened in to what was saved. The layer below is the tree's own.
    ///
    /// # Errors
    /// [`Errno::Inval`] when no tree can have been so, [`Errno::Nospc`] when its memory is more than is left.
    pub(super) fn restore(&self, saved: &SavedMemory) -> VfsResult<Usage> {
        let mut state = self.state();
        saved.check(state.layer.is_some(), self.quota.max_file_size())?;
        let inodes: HashMap<_, _> = saved.inodes.iter().map(|saved| (saved.inode, saved.live())).collect();
        let (mut memory, mut usage) = (0_u64, Usage::default());
        for (_, entry) in inodes.iter().filter(|(inode, _)| **inode != ROOT) {
            memory = entry.memory().and_then(|more| memory.checked_add(more)).ok_or(Errno::Inval)?;
            usage = usage.checked_add(entry.usage()).ok_or(Errno::Inval)?;
        }
        self.quota.charge_memory(memory)?;
        let State { inodes: live, next, room, .. } = &mut *state;
        (*live, *next, *room) = (inodes, saved.next, saved.room);
        // Only the root's own handle is there by now.
        state.inode_mut(ROOT)?.open = 1;
        Ok(usage)
    }

    /// Forgets what only handles held that were not opened again.
    pub(super) fn settle(&self) {
        let mut state = self.state();
        let unheld: Vec<_> = state.inodes.keys().copied().collect();
        unheld.into_iter().for_each(|inode| self.release(&mut state, inode));
    }
}

impl Inode {
    /// Memory of the host that it takes with all its names.
    fn memory(&self) -> Option<u64> {
        ENTRY_COST.checked_mul(self.links.saturating_sub(1))?.checked_add(self.node.memory())
    }

    /// What the guest was charged for it and its names.
    fn usage(&self) -> Usage {
        let written = self.paid || matches!(self.node, Node::File(_));
        let bytes = if written { self.node.held() } else { 0 };
        Usage { bytes, files: u64::from(self.paid).saturating_add(self.links.saturating_sub(1)) }
    }
}

impl SavedInode {
    fn of(inode: InodeId, entry: &Inode) -> Self {
        Self {
            inode,
            node: match &entry.node {
                Node::File(content) => SavedNode::File(content.save()),
                Node::Directory(directory) => SavedNode::Directory(directory.save()),
                Node::Symlink(target) => SavedNode::Symlink(target.clone()),
                Node::Other => SavedNode::Other,
            },
            links: entry.links,
            times: [entry.accessed, entry.modified, entry.changed],
            paid: entry.paid,
            unseen: entry.unseen.as_ref().map(|path| path.to_vec()),
        }
    }

    fn live(&self) -> Inode {
        let [accessed, modified, changed] = self.times;
        let node = match &self.node {
            SavedNode::File(content) => Node::File(Content::restored(content)),
            SavedNode::Directory(directory) => Node::Directory(Directory::restored(directory)),
            SavedNode::Symlink(target) => Node::Symlink(target.clone()),
            SavedNode::Other => Node::Other,
        };
        let unseen = self.unseen.as_deref().map(Arc::from);
        Inode { node, links: self.links, open: 0, accessed, modified, changed, paid: self.paid, unseen }
    }
}
