//! File trees that a guest can be given: a directory of the host, a tree in memory, an overlay, a zip archive.
//!
//! A tree knows nothing of guests, descriptors or WebAssembly: `host/` keeps those and speaks to trees through [`Dir`] and
//! [`File`]. What a tree guarantees is that no path, link, rename or race leads out of it, and that the [`Quota`] holds
//! while something is written, not after.

mod errno;
mod host_tree;
mod memory_tree;
mod quota;
mod saved;
#[cfg(test)]
mod tests;

use std::{any::Any, sync::Arc, time::SystemTime};

use serde::Serialize;

pub(crate) use errno::Errno;
pub(crate) use host_tree::HostTree;
pub(crate) use memory_tree::MemoryTree;
#[cfg(fuzzing)]
pub use memory_tree::fuzzing;
pub(crate) use quota::{Quota, Usage};
pub(crate) use saved::{SavedHandle, SavedTree, TreeId};

pub(crate) type VfsResult<T> = Result<T, Errno>;

/// What a name in a directory stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    // Exhaustive on purpose: whatever is none of the first three is the fourth.
    /// A file with bytes.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A fifo, socket or device: seen in listings, never opened.
    Other,
}

/// What is known of an inode.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stat {
    pub(crate) kind: FileKind,
    /// The same for two names of one inode and for nothing else within a tree.
    pub(crate) inode: u64,
    /// Tells trees apart.
    pub(crate) device: u64,
    pub(crate) links: u64,
    pub(crate) size: u64,
    pub(crate) accessed: Option<SystemTime>,
    pub(crate) modified: Option<SystemTime>,
    pub(crate) changed: Option<SystemTime>,
}

/// How a path is opened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OpenHow {
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) create: bool,
    pub(crate) exclusive: bool,
    pub(crate) truncate: bool,
    /// Fail with `Notdir` unless the path names a directory.
    pub(crate) directory: bool,
    /// Follow a symbolic link in the last part of the path (those before it are always followed).
    pub(crate) follow: bool,
}

/// What a path turned out to be.
pub(crate) enum Opened {
    /// `created` is whether this call made the file.
    File {
        file: Box<dyn File>,
        created: bool,
    },
    Directory(Arc<dyn Dir>),
}

/// One entry of a listing.
#[derive(Clone, Debug)]
pub(crate) struct DirEntry {
    pub(crate) name: Vec<u8>,
    pub(crate) kind: FileKind,
    pub(crate) inode: u64,
    /// The cursor after it.
    pub(crate) next: u64,
}

/// A time to set.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SetTime {
    Keep,
    Now,
    To(SystemTime),
}

/// An open directory. Paths are relative, in the guest's spelling (`a/b/../c`, perhaps with a slash at the end), and are
/// resolved from this directory; one that would lead above it, by `..`, an absolute path or a link, fails with
/// [`Errno::Notcapable`]. A tree without write access fails with [`Errno::Rofs`] for whatever would change it.
pub(crate) trait Dir: Send + Sync {
    fn open(&self, path: &str, how: OpenHow) -> VfsResult<Opened>;
    fn stat(&self, path: &str, follow: bool) -> VfsResult<Stat>;
    fn set_times(&self, path: &str, follow: bool, accessed: SetTime, modified: SetTime) -> VfsResult<()>;
    fn create_directory(&self, path: &str) -> VfsResult<()>;
    fn remove_directory(&self, path: &str) -> VfsResult<()>;
    fn unlink(&self, path: &str) -> VfsResult<()>;
    fn read_link(&self, path: &str) -> VfsResult<Vec<u8>>;
    fn symlink(&self, target: &str, path: &str) -> VfsResult<()>;
    /// `to` is a directory of any tree; of another tree or of one with other access: [`Errno::Xdev`].
    fn link(&self, path: &str, follow: bool, to: &dyn Dir, to_path: &str) -> VfsResult<()>;
    /// As [`link`](Self::link).
    fn rename(&self, path: &str, to: &dyn Dir, to_path: &str) -> VfsResult<()>;
    /// The entries, `.` and `..` among them. `cursor` is 0 at first, then that of the last entry taken; at most `limit`
    /// entries come back, none at the end. What is removed or added meanwhile changes nothing for the others.
    fn entries(&self, cursor: u64, limit: usize) -> VfsResult<Vec<DirEntry>>;
    /// Of this directory itself.
    fn stat_self(&self) -> VfsResult<Stat>;
    fn set_times_self(&self, accessed: SetTime, modified: SetTime) -> VfsResult<()>;
    fn sync(&self) -> VfsResult<()>;
    /// Whether anything in its tree may be changed.
    fn is_writable(&self) -> bool;
    /// For `link` and `rename`, which need the other directory's own type.
    fn as_any(&self) -> &dyn Any;

    /// The tree that it is in.
    fn tree(&self) -> TreeId;
    /// The whole tree, of whatever directory it is asked.
    fn save_tree(&self) -> SavedTree;
    /// Brings a tree that nothing has happened in to what was saved of one like it. The quota is
    /// charged for its memory, and for nothing else; what else it must have been charged for is given back.
    fn restore_tree(&self, saved: &SavedTree) -> VfsResult<Usage>;
    /// This directory, for [`restore_directory`](Self::restore_directory).
    fn save(&self) -> VfsResult<SavedHandle>;
    /// A directory of the tree that was open when it was saved.
    fn restore_directory(&self, saved: &SavedHandle) -> VfsResult<Arc<dyn Dir>>;
    /// As [`restore_directory`](Self::restore_directory), of a file.
    fn restore_file(&self, saved: &SavedHandle, write: bool) -> VfsResult<Box<dyn File>>;
    /// Everything that was open is open again; what nobody holds may go.
    fn settle(&self);
}

/// An open file. Positions are the caller's business.
pub(crate) trait File: Send + Sync {
    /// Reads at `offset`; fewer bytes than asked for only at the end of the file, or where the system gives fewer.
    /// [`Errno::Again`] when there is work to do before the first byte, some of which is done: the next attempt goes on.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> VfsResult<usize>;
    /// Writes at `offset`. [`Errno::Nospc`] or [`Errno::Fbig`] when the quota or the limit on a file's size would be
    /// exceeded by the first byte; a shorter count when it would be exceeded later.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> VfsResult<usize>;
    /// Writes at the end of the file, wherever that is at the moment of writing; gives back the count and the new end.
    fn append(&mut self, bytes: &[u8]) -> VfsResult<(usize, u64)>;
    fn stat(&self) -> VfsResult<Stat>;
    fn set_size(&mut self, size: u64) -> VfsResult<()>;
    /// Makes sure that `offset + len` bytes exist, as `posix_fallocate` does.
    fn allocate(&mut self, offset: u64, len: u64) -> VfsResult<()>;
    fn set_times(&self, accessed: SetTime, modified: SetTime) -> VfsResult<()>;
    fn sync(&self, data_only: bool) -> VfsResult<()>;
    /// Its tree, and the file for [`Dir::restore_file`].
    fn save(&self) -> VfsResult<(TreeId, SavedHandle)>;
}
