//! A tree in memory, alone or over a layer that is only read: a directory of the host (an overlay) or a zip archive.
//!
//! All inodes of a tree are in one table under one lock; names and open handles count how many hold an inode, and what
//! nobody holds is gone and paid back. Paths are resolved here, link by link, never by the kernel.

mod content;
mod directory;
mod handle;
mod inodes;
mod lower;
mod resolve;
mod saved;
mod zip_layer;

use std::{
    any::Any,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use wasm_sandbox_policy::SandboxError;

pub(crate) use self::saved::SavedMemory;
#[cfg(fuzzing)]
pub use self::zip_layer::fuzzing;
use self::{
    content::Content,
    directory::{AFTER_DOT, AFTER_DOT_DOT, Directory},
    handle::MemoryFile,
    inodes::{ENTRY_COST, Node, State},
    lower::{HostLayer, Layer},
    resolve::Last,
    zip_layer::ZipLayer,
};
use super::{
    Dir, DirEntry, Errno, File, FileKind, OpenHow, Opened, Quota, SavedHandle, SavedTree, SetTime, Stat, TreeId, Usage,
    VfsResult,
};

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
        let device = DEVICES.fetch_add(1, Ordering::Relaxed);
        let state = Mutex::new(State::new(layer, Arc::clone(&quota)));
        let tree = Tree { state, quota, writable, device };
        Arc::new(Self { tree: Arc::new(tree), inode: ROOT })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.tree.state()
    }

    fn check_writable(&self) -> VfsResult<()> {
        if self.is_writable() { Ok(()) } else { Err(Errno::Rofs) }
    }

    fn same_tree<'a>(&self, other: &'a dyn Dir) -> VfsResult<&'a Self> {
        let other = other.as_any().downcast_ref::<Self>().ok_or(Errno::Xdev)?;
        if Arc::ptr_eq(&self.tree, &other.tree) { Ok(other) } else { Err(Errno::Xdev) }
    }

    /// Makes an inode under a name that is free.
    fn make(&self, path: &str, node: Node) -> VfsResult<InodeId> {
        self.check_writable()?;
        let mut state = self.state();
        let place = state.resolve(self.inode, path, Last::Name)?;
        let (parent, name) = place.parent.ok_or(Errno::Exist)?;
        let there = place.inode.map(|inode| state.inode(inode)).transpose()?.map(|there| &there.node);
        match node {
            Node::Symlink(ref target) if target.is_empty() => return Err(Errno::Noent),
            Node::Symlink(_) if place.slash && matches!(there, Some(Node::File(_) | Node::Other)) => {
                return Err(Errno::Notdir);
            }
            _ if place.inode.is_some() => return Err(Errno::Exist),
            Node::Directory(_) => {}
            _ if place.slash => return Err(Errno::Noent),
            _ => {}
        }
        self.tree.add(&mut state, parent, &name, node)
    }

    fn handle(&self, state: &mut State, inode: InodeId) -> VfsResult<Arc<dyn Dir>> {
        state.inode_mut(inode)?.open += 1;
        Ok(Arc::new(Self { tree: Arc::clone(&self.tree), inode }))
    }
}

impl Tree {
    fn id(self: &Arc<Self>) -> TreeId {
        Arc::as_ptr(self) as TreeId
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, state: &mut State, parent: InodeId, name: &[u8], node: Node) -> VfsResult<InodeId> {
        state.directory(parent)?;
        let (cost, memory) = (node.held(), node.memory());
        self.quota.charge_all_bytes(cost)?;
        self.quota.charge_file().inspect_err(|_| self.quota.refund_bytes(cost))?;
        self.quota.charge_memory(memory).inspect_err(|_| {
            self.quota.refund_bytes(cost);
            self.quota.refund_file();
        })?;
        let inode = state.make(node);
        state.name(parent, name, inode)?;
        Ok(inode)
    }

    /// A name of the inode has gone.
    fn unname(&self, state: &mut State, inode: InodeId) {
        if let Some(entry) = state.inodes.get_mut(&inode) {
            if entry.links > 1 {
                // A further name was paid for when it was given.
                self.quota.refund_file();
                self.quota.refund_memory(ENTRY_COST);
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
            self.quota.refund_memory(entry.node.memory());
            if entry.paid || matches!(entry.node, Node::File(_)) {
                self.quota.refund_bytes(entry.node.held());
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
        state.look(inode)?;
        let entry = state.inode(inode)?;
        Ok(Stat {
            kind: entry.node.kind(),
            inode,
            device: self.device,
            links: entry.links,
            size: entry.size(),
            accessed: Some(entry.accessed),
            modified: Some(entry.modified),
            changed: Some(entry.changed),
        })
    }
}

impl Dir for MemoryTree {
    fn open(&self, path: &str, how: OpenHow) -> VfsResult<Opened> {
        if how.write || how.create || how.truncate {
            self.check_writable()?;
        }
        let mut state = self.state();
        let exclusive = how.create && how.exclusive;
        let follow = how.follow && !exclusive;
        let make = |state: &mut State| state.resolve(self.inode, path, Last::Make { follow });
        let place = if exclusive {
            make(&mut state)?
        } else {
            match state.resolve(self.inode, path, Last::link(follow)) {
                Err(Errno::Noent) if how.create => make(&mut state)?,
                found => found?,
            }
        };
        let (inode, created) = match place.inode {
            Some(_) if exclusive => return Err(Errno::Exist),
            Some(inode) => (inode, false),
            None if how.create && place.slash => return Err(Errno::Isdir),
            None if how.create => {
                let (parent, name) = place.parent.ok_or(Errno::Noent)?;
                (self.tree.add(&mut state, parent, &name, Node::File(Content::default()))?, true)
            }
            None => return Err(Errno::Noent),
        };
        match state.inode(inode)?.node {
            Node::Directory(_) if how.write || how.truncate || how.create => Err(Errno::Isdir),
            Node::Directory(_) => self.handle(&mut state, inode).map(Opened::Directory),
            _ if how.directory => Err(Errno::Notdir),
            Node::Symlink(_) => Err(Errno::Loop),
            Node::File(_) | Node::Other if place.slash => Err(Errno::Notdir),
            Node::Other => Err(Errno::Acces),
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
        // What the layer below knows is looked up first, or it would overwrite what is set now.
        state.look(inode)?;
        state.inode_mut(inode)?.set_times(accessed, modified);
        Ok(())
    }

    fn create_directory(&self, path: &str) -> VfsResult<()> {
        self.make(path, Node::Directory(Directory::new(None))).map(|_| ())
    }

    fn remove_directory(&self, path: &str) -> VfsResult<()> {
        self.check_writable()?;
        let mut state = self.state();
        let place = state.resolve(self.inode, path, Last::Name)?;
        let inode = place.inode.ok_or(Errno::Noent)?;
        let (parent, name) = place.parent.ok_or(Errno::Inval)?;
        if !state.directory(inode)?.is_empty() {
            return Err(Errno::Notempty);
        }
        state.remove_name(parent, &name)?;
        self.tree.unname(&mut state, inode);
        Ok(())
    }

    fn unlink(&self, path: &str) -> VfsResult<()> {
        self.check_writable()?;
        let mut state = self.state();
        let place = state.resolve(self.inode, path, Last::Name)?;
        let inode = place.inode.ok_or(Errno::Noent)?;
        match state.inode(inode)?.node {
            Node::Directory(_) => return Err(Errno::Isdir),
            _ if place.slash => return Err(Errno::Notdir),
            _ => {}
        }
        let (parent, name) = place.parent.ok_or(Errno::Isdir)?;
        state.remove_name(parent, &name)?;
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
        let source = state.resolve(self.inode, path, Last::Slash)?;
        if source.slash || source.parent.is_none() {
            source.existing(&state)?;
            return Err(Errno::Acces);
        }
        let place = state.resolve(to.inode, to_path, Last::Name)?;
        let (parent, name) = place.parent.ok_or(Errno::Exist)?;
        let inode = source.inode.ok_or(Errno::Noent)?;
        match place.inode {
            Some(_) => return Err(Errno::Exist),
            None if place.slash => return Err(Errno::Noent),
            None => state.directory(parent).map(|_| ())?,
        }
        if state.inode(inode)?.node.is_directory() {
            return Err(Errno::Acces);
        }
        let quota = &self.tree.quota;
        quota.charge_file()?;
        quota.charge_memory(ENTRY_COST).inspect_err(|_| quota.refund_file())?;
        state.name(parent, &name, inode)
    }

    fn rename(&self, path: &str, to: &dyn Dir, to_path: &str) -> VfsResult<()> {
        let to = self.same_tree(to)?;
        self.check_writable()?;
        let mut state = self.state();
        let source = state.resolve(self.inode, path, Last::Name)?;
        let (parent, name) = source.parent.ok_or(Errno::Busy)?;
        let target = state.resolve(to.inode, to_path, Last::Name)?;
        let (to_parent, to_name) = target.parent.ok_or(Errno::Busy)?;
        let inode = source.inode.ok_or(Errno::Noent)?;
        state.directory(to_parent)?;
        let directory = state.inode(inode)?.node.is_directory();
        if !directory && (source.slash || target.slash) {
            return Err(Errno::Notdir);
        }
        if directory && state.contains(inode, to_parent)? {
            return Err(Errno::Inval);
        }
        if let Some(above) = target.inode
            && state.contains(above, parent)?
        {
            return Err(Errno::Notempty);
        }
        if target.inode == Some(inode) {
            return Ok(());
        }
        if let Some(replaced) = target.inode {
            match (directory, state.inode(replaced)?.node.is_directory()) {
                (true, false) => return Err(Errno::Notdir),
                (false, true) => return Err(Errno::Isdir),
                (true, true) if !state.directory(replaced)?.is_empty() => return Err(Errno::Notempty),
                _ => {}
            }
            state.remove_name(to_parent, &to_name)?;
            self.tree.unname(&mut state, replaced);
        }
        state.remove_name(parent, &name)?;
        state.name(to_parent, &to_name, inode)?;
        let moved = state.inode_mut(inode)?;
        moved.links = moved.links.saturating_sub(1);
        Ok(())
    }

    fn entries(&self, cursor: u64, limit: usize) -> VfsResult<Vec<DirEntry>> {
        let mut state = self.state();
        let special = [(b".".as_slice(), AFTER_DOT), (b"..".as_slice(), AFTER_DOT_DOT)];
        let special = special.into_iter().filter(|(_, next)| *next > cursor).map(|(name, next)| DirEntry {
            name: name.to_vec(),
            kind: FileKind::Directory,
            inode: 0,
            next,
        });
        state.directory(self.inode)?;
        let Node::Directory(directory) = &state.inode(self.inode)?.node else { return Err(Errno::Notdir) };
        let named = directory.after(cursor).map(|(next, name, inode)| {
            let kind = state.inode(inode).map_or(FileKind::Other, |entry| entry.node.kind());
            DirEntry { name: name.to_vec(), kind, inode, next }
        });
        Ok(special.chain(named).take(limit).collect())
    }

    fn stat_self(&self) -> VfsResult<Stat> {
        self.tree.stat(&mut self.state(), self.inode)
    }

    fn set_times_self(&self, accessed: SetTime, modified: SetTime) -> VfsResult<()> {
        self.check_writable()?;
        let mut state = self.state();
        state.look(self.inode)?;
        state.inode_mut(self.inode)?.set_times(accessed, modified);
        Ok(())
    }

    fn sync(&self) -> VfsResult<()> {
        Ok(())
    }

    fn is_writable(&self) -> bool {
        self.tree.writable
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn tree(&self) -> TreeId {
        self.tree.id()
    }

    fn save_tree(&self) -> SavedTree {
        SavedTree::Memory(self.tree.save())
    }

    fn restore_tree(&self, saved: &SavedTree) -> VfsResult<Usage> {
        match saved {
            SavedTree::Memory(saved) => self.tree.restore(saved),
            SavedTree::Host => Err(Errno::Inval),
        }
    }

    fn save(&self) -> VfsResult<SavedHandle> {
        Ok(SavedHandle::Memory(self.inode))
    }

    fn restore_directory(&self, saved: &SavedHandle) -> VfsResult<Arc<dyn Dir>> {
        let SavedHandle::Memory(inode) = *saved else { return Err(Errno::Inval) };
        self.handle(&mut self.state(), inode)
    }

    fn restore_file(&self, saved: &SavedHandle, _: bool) -> VfsResult<Box<dyn File>> {
        let SavedHandle::Memory(inode) = *saved else { return Err(Errno::Inval) };
        Ok(Box::new(MemoryFile::open(&self.tree, &mut self.state(), inode, false)?))
    }

    fn settle(&self) {
        self.tree.settle();
    }
}

impl Drop for MemoryTree {
    fn drop(&mut self) {
        self.tree.close(self.inode);
    }
}
