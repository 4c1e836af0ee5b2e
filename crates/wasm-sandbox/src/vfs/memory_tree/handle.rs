//! An open file of a tree in memory.

use std::sync::Arc;

use super::{Content, InodeId, Node, State, Tree, inodes::Inode};
use crate::vfs::{Errno, File, Quota, SavedHandle, SetTime, Stat, TreeId, VfsResult};

pub(super) struct MemoryFile {
    tree: Arc<Tree>,
    inode: InodeId,
}

impl MemoryFile {
    pub(super) fn open(tree: &Arc<Tree>, state: &mut State, inode: InodeId, truncate: bool) -> VfsResult<Self> {
        state.look(inode)?;
        let layer = state.layer.as_deref();
        let entry = state.inodes.get_mut(&inode).ok_or(Errno::Noent)?;
        let content = content(entry)?;
        content.attach(layer)?;
        if truncate {
            content.set_size(0, &tree.quota)?;
        }
        entry.open += 1;
        if truncate {
            state.touch(inode)?;
        }
        Ok(Self { tree: Arc::clone(tree), inode })
    }

    /// Does `work`, which says whether it changed anything.
    fn change<T>(&self, work: impl FnOnce(&mut Content, &Quota) -> VfsResult<(T, bool)>) -> VfsResult<T> {
        if !self.tree.writable {
            return Err(Errno::Rofs);
        }
        let mut state = self.tree.state();
        let (done, changed) = work(content(state.inode_mut(self.inode)?)?, &self.tree.quota)?;
        if changed {
            state.touch(self.inode)?;
        }
        Ok(done)
    }
}

fn content(entry: &mut Inode) -> VfsResult<&mut Content> {
    match &mut entry.node {
        Node::File(content) => Ok(content),
        _ => Err(Errno::Isdir),
    }
}

impl File for MemoryFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> VfsResult<usize> {
        let mut state = self.tree.state();
        content(state.inode_mut(self.inode)?)?.read_at(buffer, offset)
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> VfsResult<usize> {
        self.change(|content, quota| content.write_at(bytes, offset, quota).map(|written| (written, written > 0)))
    }

    fn append(&mut self, bytes: &[u8]) -> VfsResult<(usize, u64)> {
        self.change(|content, quota| {
            let written = content.write_at(bytes, content.size(), quota)?;
            Ok(((written, content.size()), written > 0))
        })
    }

    fn stat(&self) -> VfsResult<Stat> {
        self.tree.stat(&mut self.tree.state(), self.inode)
    }

    fn set_size(&mut self, size: u64) -> VfsResult<()> {
        self.change(|content, quota| content.set_size(size, quota).map(|()| ((), true)))
    }

    fn allocate(&mut self, offset: u64, len: u64) -> VfsResult<()> {
        let end = offset.checked_add(len).ok_or(Errno::Fbig)?;
        self.change(|content, quota| {
            let grows = content.size() < end;
            if grows {
                content.set_size(end, quota)?;
            }
            Ok(((), grows))
        })
    }

    fn set_times(&self, accessed: SetTime, modified: SetTime) -> VfsResult<()> {
        if !self.tree.writable {
            return Err(Errno::Rofs);
        }
        self.tree.state().inode_mut(self.inode)?.set_times(accessed, modified);
        Ok(())
    }

    fn sync(&self, _: bool) -> VfsResult<()> {
        Ok(())
    }

    fn save(&self) -> VfsResult<(TreeId, SavedHandle)> {
        Ok((self.tree.id(), SavedHandle::Memory(self.inode)))
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        let mut state = self.tree.state();
        if let Ok(entry) = state.inode_mut(self.inode)
            && entry.open == 1
            && let Node::File(content) = &mut entry.node
        {
            content.detach();
        }
        drop(state);
        self.tree.close(self.inode);
    }
}
