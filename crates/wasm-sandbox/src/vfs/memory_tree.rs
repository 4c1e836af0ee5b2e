//! A tree in memory, alone or over a layer that is only read: a directory of the host (an overlay) or a zip archive.
//!
//! All inodes of a tree are in one table under one lock; names and open handles count how many hold an inode, and what
//! nobody holds is gone and paid back. Paths are resolved here, link by link, never by the kernel.

mod content;
mod handle;
mod lower;
mod resolve;
mod zip_layer;

use std::{
    any::Any,
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use wasm_sandbox_policy::SandboxError;

use self::{
    content::Content,
    handle::MemoryFile,
    lower::{HostLayer, Layer},
    zip_layer::ZipLayer,
};
use super::{Dir, DirEntry, Errno, FileKind, OpenHow, Opened, Quota, SetTime, Stat, VfsResult};

type InodeId = u64;
const ROOT: InodeId = 1;

/// Bytes that a name may have.
const MAX_NAME: usize = 255;

/// A directory of a tree in memory.
pub(crate) struct MemoryTree {
    tree: Arc<Tree>,
    inode: InodeId,
}

struct Tree {
    state: Mutex<State>,
    quota: Arc<Quota>,
    writable: bool,
    device: u64,
}

struct State {
    inodes: HashMap<InodeId, Inode>,
    next: InodeId,
    layer: Option<Box<dyn Layer>>,
}

struct Inode {
    node: Node,
    /// Names that lead to it.
    links: u64,
    /// Handles on it.
    open: u64,
    accessed: SystemTime,
    modified: SystemTime,
    changed: SystemTime,
    /// Whether the guest made it, and so paid for a file.
    paid: bool,
}

enum Node {
    File(Content),
    Directory(Directory),
    Symlink(Vec<u8>),
    Other,
}

/// A directory's entries; those of the layer below are taken over when it is first looked at.
#[derive(Default)]
struct Directory {
    entries: BTreeMap<Vec<u8>, InodeId>,
    /// Where its entries come from, until they have been taken over.
    below: Option<Vec<u8>>,
}

/// Tells trees apart in what `stat` reports.
static DEVICES: AtomicU64 = AtomicU64::new(1);

impl MemoryTree {
    /// An empty tree.
    pub(crate) fn empty(quota: Arc<Quota>) -> Arc<dyn Dir> {
        Self::over(None, quota, true)
    }

    /// A directory of the host whose changes stay in memory.
    ///
    /// # Errors
    /// There is no such directory.
    pub(crate) fn overlay(host: &Path, quota: Arc<Quota>) -> Result<Arc<dyn Dir>, SandboxError> {
        Ok(Self::over(Some(Box::new(HostLayer::open(host)?)), quota, true))
    }

    /// The files of a zip archive.
    ///
    /// # Errors
    /// There is no such archive, it cannot be read, or it has names that lead elsewhere.
    pub(crate) fn zip(archive: &Path, quota: Arc<Quota>) -> Result<Arc<dyn Dir>, SandboxError> {
        Ok(Self::over(Some(Box::new(ZipLayer::open(archive)?)), quota, false))
    }

    fn over(layer: Option<Box<dyn Layer>>, quota: Arc<Quota>, writable: bool) -> Arc<dyn Dir> {
        let below = layer.as_ref().map(|_| Vec::new());
        let root = Node::Directory(Directory { entries: BTreeMap::new(), below });
        let mut state = State { inodes: HashMap::new(), next: ROOT, layer };
        state.add(root, false);
        if let Some(root) = state.inodes.get_mut(&ROOT) {
            root.links = 1;
            root.open = 1;
        }
        let device = DEVICES.fetch_add(1, Ordering::Relaxed);
        let tree = Tree { state: Mutex::new(state), quota, writable, device };
        Arc::new(Self { tree: Arc::new(tree), inode: ROOT })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.tree.state()
    }

    fn check_writable(&self) -> VfsResult<()> {
        if self.tree.writable { Ok(()) } else { Err(Errno::Rofs) }
    }

    fn same_tree<'a>(&self, other: &'a dyn Dir) -> VfsResult<&'a Self> {
        let other = other.as_any().downcast_ref::<Self>().ok_or(Errno::Xdev)?;
        if Arc::ptr_eq(&self.tree, &other.tree) { Ok(other) } else { Err(Errno::Xdev) }
    }

    /// Makes an inode under a name that is free.
    fn make(&self, path: &str, node: Node) -> VfsResult<InodeId> {
        self.check_writable()?;
        let mut state = self.state();
        let place = state.resolve(self.inode, path, false)?;
        if place.inode.is_some() {
            return Err(Errno::Exist);
        }
        if place.slash && !matches!(node, Node::Directory(_)) {
            return Err(Errno::Noent);
        }
        let (parent, name) = place.parent.ok_or(Errno::Exist)?;
        self.tree.add(&mut state, parent, name, node)
    }

    fn handle(&self, state: &mut State, inode: InodeId) -> VfsResult<Arc<dyn Dir>> {
        state.inode_mut(inode)?.open += 1;
        Ok(Arc::new(Self { tree: Arc::clone(&self.tree), inode }))
    }
}

impl Tree {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, state: &mut State, parent: InodeId, name: Vec<u8>, node: Node) -> VfsResult<InodeId> {
        state.directory(parent)?;
        self.quota.charge_file()?;
        let inode = state.add(node, true);
        state.name(parent, name, inode)?;
        Ok(inode)
    }

    /// A name of the inode has gone.
    fn unname(&self, state: &mut State, inode: InodeId) {
        if let Some(entry) = state.inodes.get_mut(&inode) {
            if entry.links > 1 {
                // A further name was paid for when it was given.
                self.quota.refund_file();
            }
            entry.links = entry.links.saturating_sub(1);
            entry.changed = SystemTime::now();
        }
        self.release(state, inode);
    }

    /// Forgets an inode that nobody holds, and gives back what it cost.
    fn release(&self, state: &mut State, inode: InodeId) {
        let gone = state.inodes.get(&inode).is_some_and(|entry| entry.links == 0 && entry.open == 0);
        if gone && let Some(entry) = state.inodes.remove(&inode) {
            if let Node::File(content) = &entry.node {
                self.quota.refund_bytes(content.held());
            }
            if entry.paid {
                self.quota.refund_file();
            }
        }
    }

    fn close(&self, inode: InodeId) {
        let mut state = self.state();
        if let Some(entry) = state.inodes.get_mut(&inode) {
            entry.open = entry.open.saturating_sub(1);
        }
        self.release(&mut state, inode);
    }

    fn stat(&self, state: &mut State, inode: InodeId) -> VfsResult<Stat> {
        let size = state.size(inode)?;
        let entry = state.inode(inode)?;
        Ok(Stat {
            kind: entry.node.kind(),
            inode,
            device: self.device,
            links: entry.links,
            size,
            accessed: Some(entry.accessed),
            modified: Some(entry.modified),
            changed: Some(entry.changed),
        })
    }
}

impl Node {
    fn kind(&self) -> FileKind {
        match self {
            Self::File(_) => FileKind::File,
            Self::Directory(_) => FileKind::Directory,
            Self::Symlink(_) => FileKind::Symlink,
            Self::Other => FileKind::Other,
        }
    }
}

impl State {
    fn add(&mut self, node: Node, paid: bool) -> InodeId {
        let now = SystemTime::now();
        let inode = self.next;
        self.next += 1;
        self.inodes.insert(inode, Inode { node, links: 0, open: 0, accessed: now, modified: now, changed: now, paid });
        inode
    }

    fn name(&mut self, parent: InodeId, name: Vec<u8>, inode: InodeId) -> VfsResult<()> {
        let directory = self.directory(parent)?;
        directory.entries.insert(name, inode);
        let now = SystemTime::now();
        self.inode_mut(parent)?.modified = now;
        self.inode_mut(inode)?.links += 1;
        Ok(())
    }

    fn inode(&self, inode: InodeId) -> VfsResult<&Inode> {
        self.inodes.get(&inode).ok_or(Errno::Noent)
    }

    fn inode_mut(&mut self, inode: InodeId) -> VfsResult<&mut Inode> {
        self.inodes.get_mut(&inode).ok_or(Errno::Noent)
    }

    /// A directory with its entries taken over from below.
    fn directory(&mut self, inode: InodeId) -> VfsResult<&mut Directory> {
        if let Node::Directory(directory) = &mut self.inode_mut(inode)?.node
            && let Some(below) = directory.below.take()
        {
            self.take_over(inode, &below)?;
        }
        let entry = self.inode_mut(inode)?;
        match &mut entry.node {
            Node::Directory(directory) if entry.links > 0 || inode == ROOT => Ok(directory),
            Node::Directory(_) => Err(Errno::Noent),
            _ => Err(Errno::Notdir),
        }
    }

    fn take_over(&mut self, inode: InodeId, below: &[u8]) -> VfsResult<()> {
        let Some(layer) = &self.layer else { return Ok(()) };
        for (name, kind) in layer.list(below)? {
            let mut path = below.to_vec();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(&name);
            let layer = self.layer.as_ref().ok_or(Errno::Io)?;
            let node = match kind {
                FileKind::File => Node::File(Content::below(path)),
                FileKind::Directory => Node::Directory(Directory { entries: BTreeMap::new(), below: Some(path) }),
                FileKind::Symlink => Node::Symlink(layer.read_link(&path)?),
                FileKind::Other => Node::Other,
            };
            let child = self.add(node, false);
            self.name(inode, name, child)?;
        }
        Ok(())
    }

    /// The size of a file; one of the layer below is asked when it is first needed.
    fn size(&mut self, inode: InodeId) -> VfsResult<u64> {
        let layer = self.layer.as_deref();
        let entry = self.inodes.get_mut(&inode).ok_or(Errno::Noent)?;
        match &mut entry.node {
            Node::File(content) => {
                if let Some(times) = content.look(layer)? {
                    (entry.accessed, entry.modified, entry.changed) = times;
                }
                Ok(content.size())
            }
            Node::Symlink(target) => Ok(target.len() as u64),
            Node::Directory(_) | Node::Other => Ok(0),
        }
    }
}

impl Dir for MemoryTree {
    fn open(&self, path: &str, how: OpenHow) -> VfsResult<Opened> {
        if how.write || how.create || how.truncate {
            self.check_writable()?;
        }
        let mut state = self.state();
        let place = state.resolve(self.inode, path, how.follow && !(how.create && how.exclusive))?;
        let (inode, created) = match place.inode {
            Some(_) if how.create && how.exclusive => return Err(Errno::Exist),
            Some(inode) => (inode, false),
            None if how.create && !place.slash => {
                let (parent, name) = place.parent.ok_or(Errno::Noent)?;
                (self.tree.add(&mut state, parent, name, Node::File(Content::default()))?, true)
            }
            None if how.create => return Err(Errno::Isdir),
            None => return Err(Errno::Noent),
        };
        match state.inode(inode)?.node {
            Node::Directory(_) if how.write || how.truncate || how.create => Err(Errno::Isdir),
            Node::Directory(_) => self.handle(&mut state, inode).map(Opened::Directory),
            Node::Symlink(_) => Err(Errno::Loop),
            Node::Other => Err(Errno::Acces),
            Node::File(_) if how.directory || place.slash => Err(Errno::Notdir),
            Node::File(_) => {
                let file = MemoryFile::open(&self.tree, &mut state, inode, how.truncate)?;
                Ok(Opened::File { file: Box::new(file), created })
            }
        }
    }

    fn stat(&self, path: &str, follow: bool) -> VfsResult<Stat> {
        let mut state = self.state();
        let inode = state.find(self.inode, path, follow)?;
        self.tree.stat(&mut state, inode)
    }

    fn set_times(&self, path: &str, follow: bool, accessed: SetTime, modified: SetTime) -> VfsResult<()> {
        self.check_writable()?;
        let mut state = self.state();
        let inode = state.find(self.inode, path, follow)?;
        // What is known of a file below is looked up first, or it would overwrite what is set now.
        state.size(inode)?;
        state.inode_mut(inode)?.set_times(accessed, modified);
        Ok(())
    }

    fn create_directory(&self, path: &str) -> VfsResult<()> {
        self.make(path, Node::Directory(Directory::default())).map(|_| ())
    }

    fn remove_directory(&self, path: &str) -> VfsResult<()> {
        self.check_writable()?;
        let mut state = self.state();
        let place = state.resolve(self.inode, path, false)?;
        let inode = place.inode.ok_or(Errno::Noent)?;
        let (parent, name) = place.parent.ok_or(Errno::Inval)?;
        if !state.directory(inode)?.entries.is_empty() {
            return Err(Errno::Notempty);
        }
        state.directory(parent)?.entries.remove(&name);
        self.tree.unname(&mut state, inode);
        Ok(())
    }

    fn unlink(&self, path: &str) -> VfsResult<()> {
        self.check_writable()?;
        let mut state = self.state();
        let place = state.resolve(self.inode, path, false)?;
        let inode = place.inode.ok_or(Errno::Noent)?;
        match state.inode(inode)?.node {
            Node::Directory(_) => return Err(Errno::Isdir),
            _ if place.slash => return Err(Errno::Notdir),
            _ => {}
        }
        let (parent, name) = place.parent.ok_or(Errno::Isdir)?;
        state.directory(parent)?.entries.remove(&name);
        self.tree.unname(&mut state, inode);
        Ok(())
    }

    fn read_link(&self, path: &str) -> VfsResult<Vec<u8>> {
        let mut state = self.state();
        let inode = state.find(self.inode, path, false)?;
        match &state.inode(inode)?.node {
            Node::Symlink(target) => Ok(target.clone()),
            _ => Err(Errno::Inval),
        }
    }

    fn symlink(&self, target: &str, path: &str) -> VfsResult<()> {
        self.make(path, Node::Symlink(target.as_bytes().to_vec())).map(|_| ())
    }

    fn link(&self, path: &str, follow: bool, to: &dyn Dir, to_path: &str) -> VfsResult<()> {
        let to = self.same_tree(to)?;
        self.check_writable()?;
        if follow {
            return Err(Errno::Inval);
        }
        let mut state = self.state();
        let inode = state.find(self.inode, path, false)?;
        if matches!(state.inode(inode)?.node, Node::Directory(_)) {
            return Err(Errno::Acces);
        }
        let place = state.resolve(to.inode, to_path, false)?;
        if place.inode.is_some() {
            return Err(Errno::Exist);
        }
        if place.slash {
            return Err(Errno::Noent);
        }
        let (parent, name) = place.parent.ok_or(Errno::Exist)?;
        state.directory(parent)?;
        self.tree.quota.charge_file()?;
        state.name(parent, name, inode)
    }

    fn rename(&self, path: &str, to: &dyn Dir, to_path: &str) -> VfsResult<()> {
        let to = self.same_tree(to)?;
        self.check_writable()?;
        let mut state = self.state();
        let source = state.resolve(self.inode, path, false)?;
        let target = state.resolve(to.inode, to_path, false)?;
        let inode = source.inode.ok_or(Errno::Noent)?;
        let (parent, name) = source.parent.ok_or(Errno::Busy)?;
        let (to_parent, to_name) = target.parent.ok_or(Errno::Busy)?;
        let directory = matches!(state.inode(inode)?.node, Node::Directory(_));
        if !directory && (source.slash || target.slash) {
            return Err(Errno::Notdir);
        }
        if directory && state.contains(inode, to_parent)? {
            return Err(Errno::Inval);
        }
        if target.inode == Some(inode) {
            return Ok(());
        }
        if let Some(replaced) = target.inode {
            match (directory, matches!(state.inode(replaced)?.node, Node::Directory(_))) {
                (true, false) => return Err(Errno::Notdir),
                (false, true) => return Err(Errno::Isdir),
                (true, true) if !state.directory(replaced)?.entries.is_empty() => return Err(Errno::Notempty),
                _ => {}
            }
            state.directory(to_parent)?.entries.remove(&to_name);
            self.tree.unname(&mut state, replaced);
        }
        state.directory(parent)?.entries.remove(&name);
        state.name(to_parent, to_name, inode)?;
        let moved = state.inode_mut(inode)?;
        moved.links = moved.links.saturating_sub(1);
        Ok(())
    }

    fn entries(&self, cursor: u64, limit: usize) -> VfsResult<Vec<DirEntry>> {
        let mut state = self.state();
        let special = |name: &[u8]| DirEntry { name: name.to_vec(), kind: FileKind::Directory, inode: 0 };
        let named: Vec<(Vec<u8>, InodeId)> = state
            .directory(self.inode)?
            .entries
            .iter()
            .skip(usize::try_from(cursor.saturating_sub(2)).unwrap_or(usize::MAX))
            .take(limit)
            .map(|(name, inode)| (name.clone(), *inode))
            .collect();
        let first = [special(b"."), special(b"..")].into_iter().skip(usize::try_from(cursor).unwrap_or(usize::MAX));
        let rest = named.into_iter().map(|(name, inode)| {
            let kind = state.inode(inode).map_or(FileKind::Other, |entry| entry.node.kind());
            DirEntry { name, kind, inode }
        });
        Ok(first.chain(rest).take(limit).collect())
    }

    fn stat_self(&self) -> VfsResult<Stat> {
        self.tree.stat(&mut self.state(), self.inode)
    }

    fn set_times_self(&self, accessed: SetTime, modified: SetTime) -> VfsResult<()> {
        self.check_writable()?;
        self.state().inode_mut(self.inode)?.set_times(accessed, modified);
        Ok(())
    }

    fn sync(&self) -> VfsResult<()> {
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Drop for MemoryTree {
    fn drop(&mut self) {
        self.tree.close(self.inode);
    }
}

impl Inode {
    fn set_times(&mut self, accessed: SetTime, modified: SetTime) {
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
