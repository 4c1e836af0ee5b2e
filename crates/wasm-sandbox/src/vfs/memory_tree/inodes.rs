//! The table of a tree's inodes, and how those of the layer below come into it.

use std::{collections::HashMap, sync::Arc, time::SystemTime};

use super::{InodeId, ROOT, content::Content, directory::Directory, lower::Layer};
use crate::vfs::{Errno, FileKind, Quota, SetTime, VfsResult};

pub(super) struct State {
    pub(super) inodes: HashMap<InodeId, Inode>,
    pub(super) next: InodeId,
    pub(super) layer: Option<Box<dyn Layer>>,
    /// Inodes of the layer that may still be taken over.
    pub(super) room: usize,
    quota: Arc<Quota>,
}

/// Memory of the host that an inode with its name takes, or a further name of one, besides what is in it.
pub(super) const ENTRY_COST: u64 = 768;

/// Inodes of the layer below that a tree takes over at most: what is there is nobody's bill, but it is the host's memory.
pub(super) const MAX_BELOW: usize = 1_000_000;

pub(super) struct Inode {
    pub(super) node: Node,
    /// Names that lead to it.
    pub(super) links: u64,
    /// Handles on it.
    pub(super) open: u64,
    pub(super) accessed: SystemTime,
    pub(super) modified: SystemTime,
    pub(super) changed: SystemTime,
    /// Whether the guest made it, and so paid for it.
    pub(super) paid: bool,
    /// Where it is in the layer below, until that has been asked for its size and times.
    pub(super) unseen: Option<Arc<[u8]>>,
}

pub(super) enum Node {
    File(Content),
    Directory(Directory),
    Symlink(Vec<u8>),
    Other,
}

impl Node {
    /// One of the layer below; none for a link that went away meanwhile.
    fn below(layer: &dyn Layer, path: &Arc<[u8]>, kind: FileKind) -> VfsResult<Option<Self>> {
        Ok(Some(match kind {
            FileKind::File => Self::File(Content::below(Arc::clone(path))),
            FileKind::Directory => Self::Directory(Directory::new(Some(Arc::clone(path)))),
            FileKind::Symlink => match layer.read_link(path) {
                Ok(target) => Self::Symlink(target),
                Err(Errno::Noent) => return Ok(None),
                Err(errno) => return Err(errno),
            },
            FileKind::Other => Self::Other,
        }))
    }

    pub(super) fn kind(&self) -> FileKind {
        match self {
            Self::File(_) => FileKind::File,
            Self::Directory(_) => FileKind::Directory,
            Self::Symlink(_) => FileKind::Symlink,
            Self::Other => FileKind::Other,
        }
    }

    /// Bytes that it costs if the guest made it; of a file, what the guest wrote whoever made it.
    pub(super) fn held(&self) -> u64 {
        match self {
            Self::File(content) => content.held(),
            Self::Symlink(target) => target.len() as u64,
            Self::Directory(_) | Self::Other => 0,
        }
    }

    /// Memory of the host that it takes, with a name.
    pub(super) fn memory(&self) -> u64 {
        let inside = match self {
            Self::File(content) => content.memory(),
            Self::Symlink(target) => target.len() as u64,
            Self::Directory(_) | Self::Other => 0,
        };
        ENTRY_COST + inside
    }

    pub(super) fn is_directory(&self) -> bool {
        matches!(self, Self::Directory(_))
    }
}

impl State {
    /// A table with a root, which shows the layer's.
    pub(super) fn new(layer: Option<Box<dyn Layer>>, quota: Arc<Quota>) -> Self {
        let below: Option<Arc<[u8]>> = layer.as_ref().map(|_| [].into());
        let mut state = Self { inodes: HashMap::new(), next: ROOT, layer, room: MAX_BELOW, quota };
        state.add(Node::Directory(Directory::new(below.clone())), false, below);
        if let Some(root) = state.inodes.get_mut(&ROOT) {
            root.links = 1;
            root.open = 1;
        }
        state
    }

    /// An inode that the guest makes.
    pub(super) fn make(&mut self, node: Node) -> InodeId {
        self.add(node, true, None)
    }

    fn add(&mut self, node: Node, paid: bool, unseen: Option<Arc<[u8]>>) -> InodeId {
        let now = SystemTime::now();
        let inode = self.next;
        self.next += 1;
        let times = Inode { node, links: 0, open: 0, accessed: now, modified: now, changed: now, paid, unseen };
        self.inodes.insert(inode, times);
        inode
    }

    pub(super) fn name(&mut self, parent: InodeId, name: &[u8], inode: InodeId) -> VfsResult<()> {
        self.directory(parent)?.insert(name, inode);
        self.touch(parent)?;
        let named = self.inode_mut(inode)?;
        named.links += 1;
        named.changed = SystemTime::now();
        Ok(())
    }

    /// Takes a name away; what it named is the caller's business.
    pub(super) fn remove_name(&mut self, parent: InodeId, name: &[u8]) -> VfsResult<()> {
        self.directory(parent)?.remove(name);
        self.touch(parent)
    }

    /// The entries of a directory, or the bytes of a file, have changed.
    pub(super) fn touch(&mut self, inode: InodeId) -> VfsResult<()> {
        let now = SystemTime::now();
        let entry = self.inode_mut(inode)?;
        (entry.modified, entry.changed) = (now, now);
        Ok(())
    }

    pub(super) fn inode(&self, inode: InodeId) -> VfsResult<&Inode> {
        self.inodes.get(&inode).ok_or(Errno::Noent)
    }

    pub(super) fn inode_mut(&mut self, inode: InodeId) -> VfsResult<&mut Inode> {
        self.inodes.get_mut(&inode).ok_or(Errno::Noent)
    }

    /// A directory to change or list; not one that was removed.
    pub(super) fn directory(&mut self, inode: InodeId) -> VfsResult<&mut Directory> {
        let removed = self.inode(inode)?.links == 0;
        let directory = self.entries(inode)?;
        if removed { Err(Errno::Noent) } else { Ok(directory) }
    }

    /// A directory with its entries taken over from below.
    pub(super) fn entries(&mut self, inode: InodeId) -> VfsResult<&mut Directory> {
        if let Node::Directory(Directory { below: Some(below), .. }) = &self.inode(inode)?.node {
            let below = Arc::clone(below);
            self.take_over(inode, &below)?;
        }
        match &mut self.inode_mut(inode)?.node {
            Node::Directory(directory) => Ok(directory),
            _ => Err(Errno::Notdir),
        }
    }

    /// All of the layer's entries or, when one cannot be had, none: the next look tries again.
    fn take_over(&mut self, inode: InodeId, below: &[u8]) -> VfsResult<()> {
        self.look(inode)?;
        let Some(layer) = self.layer.as_deref() else { return Ok(()) };
        let mut found = Vec::new();
        for (name, kind) in layer.list(below, self.room)? {
            let path: Arc<[u8]> =
                if below.is_empty() { name.as_slice().into() } else { [below, b"/", name.as_slice()].concat().into() };
            if let Some(node) = Node::below(layer, &path, kind)? {
                found.push((name, node, path));
            }
        }
        let memory = found.iter().map(|(_, node, _)| node.memory()).sum();
        self.quota.charge_memory(memory).map_err(|_| Errno::Nomem)?;
        self.room -= found.len();
        let mut directory = Directory::new(None);
        for (name, node, path) in found {
            let child = self.add(node, false, Some(path));
            self.inode_mut(child)?.links = 1;
            directory.insert(&name, child);
        }
        self.inode_mut(inode)?.node = Node::Directory(directory);
        Ok(())
    }

    /// Asks the layer below for an inode's size and times, the first time that they matter.
    pub(super) fn look(&mut self, inode: InodeId) -> VfsResult<()> {
        let entry = self.inodes.get_mut(&inode).ok_or(Errno::Noent)?;
        if let (Some(path), Some(layer)) = (&entry.unseen, &self.layer) {
            let (size, times) = layer.stat(path)?;
            if let Node::File(content) = &mut entry.node {
                content.show(size);
            }
            (entry.accessed, entry.modified, entry.changed) = times;
            entry.unseen = None;
        }
        Ok(())
    }
}

impl Inode {
    /// The size that `stat` reports.
    pub(super) fn size(&self) -> u64 {
        match &self.node {
            Node::File(content) => content.size(),
            Node::Symlink(target) => target.len() as u64,
            Node::Directory(_) | Node::Other => 0,
        }
    }

    pub(super) fn set_times(&mut self, accessed: SetTime, modified: SetTime) {
        let now = SystemTime::now();
        let set = |time: &mut SystemTime, to: SetTime| match to {
            SetTime::Keep => {}
            SetTime::Now => *time = now,
            SetTime::To(moment) => *time = moment,
        };
        set(&mut self.accessed, accessed);
        set(&mut self.modified, modified);
        self.changed = now;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use wasm_sandbox_policy::{ByteUnits, ResourceLimits};

    use super::{super::lower::HostLayer, *};

    #[test]
    fn e14_a_directory_below_takes_no_more_memory_than_there_is_room_for() {
        let folder = tempfile::tempdir().unwrap();
        for n in 0..10 {
            std::fs::create_dir(folder.path().join(n.to_string())).unwrap();
            std::fs::write(folder.path().join(format!("{n}/f")), "").unwrap();
        }
        let over = |memory: u64| {
            let limits = ResourceLimits { memory: memory.bytes(), ..ResourceLimits::default() };
            let layer = HostLayer::open(folder.path()).unwrap();
            State::new(Some(Box::new(layer)), Arc::new(Quota::new(&limits)))
        };
        let list = |room: usize, path: &str| {
            let mut state = over(1 << 20);
            state.room = room;
            let found = state.find(ROOT, path, true);
            (found.map(|_| ()), state.inodes.len(), state.room)
        };
        assert_eq!(list(9, "0/f"), (Err(Errno::Nomem), 1, 9));
        assert_eq!(list(10, "0/f"), (Err(Errno::Nomem), 11, 0));
        assert_eq!(list(11, "0/f"), (Ok(()), 12, 0));
        let mut state = over(10 * ENTRY_COST);
        assert_eq!(state.find(ROOT, "0", true).map(|_| ()), Ok(()));
        assert_eq!(state.find(ROOT, "0/f", true).map(|_| ()), Err(Errno::Nomem), "it counts as the sandbox's memory");
        assert_eq!(over(11 * ENTRY_COST).find(ROOT, "0/f", true).map(|_| ()), Ok(()));
    }
}
