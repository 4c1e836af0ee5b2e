//! A directory of the host. The kernel itself resolves every path beneath the directory (`openat2` with `RESOLVE_BENEATH`),
//! so that no `..`, link, rename or race can lead out; whatever works on a name works on the last part of a path, in a
//! parent that was resolved that way.

pub(super) mod errors;
mod file;
mod ledger;

use std::{
    any::Any,
    os::fd::OwnedFd,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, ResolveFlags, SeekFrom};
use wasm_sandbox_policy::{MountAccess, SandboxError};

use self::{
    errors::{errno, resolution},
    file::HostFile,
    ledger::Ledger,
};
use super::{
    Dir, DirEntry, Errno, File, FileKind, OpenHow, Opened, Quota, SavedHandle, SavedTree, SetTime, Stat, TreeId, Usage,
    VfsResult,
};

/// How often a resolution is tried again that a concurrent rename disturbed.
const ATTEMPTS: usize = 32;

/// Bytes of a listing that the kernel is asked for at a time.
const LISTING: usize = 8192;

/// What all directories of one tree share.
struct Tree {
    access: MountAccess,
    quota: Arc<Quota>,
    ledger: Ledger,
}

/// A directory of the host as a guest's tree.
pub(crate) struct HostTree {
    tree: Arc<Tree>,
    directory: Arc<OwnedFd>,
    listing: Mutex<()>,
}

impl HostTree {
    /// Opens a directory of the host.
    ///
    /// # Errors
    /// It is not there, not a directory, or the kernel cannot resolve paths beneath it.
    pub(crate) fn open(path: &Path, access: MountAccess, quota: Arc<Quota>) -> Result<Arc<dyn Dir>, SandboxError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| {
            let path = path.display().to_string();
            match error {
                rustix::io::Errno::NOENT => SandboxError::FileNotFound { path },
                error => SandboxError::internal(format!("opening the directory `{path}`"), error),
            }
        })?;
        let tree = Tree { access, quota, ledger: Ledger::default() };
        let root = Self::new(Arc::new(tree), directory);
        root.resolve(".", OFlags::PATH, Mode::empty()).map_err(|_| SandboxError::Unenforceable {
            what: "that a guest stays inside a directory".to_owned(),
            reason: "the kernel has no `openat2`".to_owned(),
        })?;
        Ok(Arc::new(root))
    }

    fn new(tree: Arc<Tree>, directory: OwnedFd) -> Self {
        Self { tree, directory: directory.into(), listing: Mutex::default() }
    }

    /// Opens what a path names, beneath this directory.
    fn resolve(&self, path: &str, flags: OFlags, mode: Mode) -> VfsResult<OwnedFd> {
        let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        for _ in 0..ATTEMPTS {
            match rustix::fs::openat2(&self.directory, path, flags | OFlags::CLOEXEC, mode, beneath) {
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
                Err(error) => return Err(resolution(error)),
                Ok(descriptor) => return Ok(descriptor),
            }
        }
        Err(Errno::Again)
    }

    /// The parent of what a path names, and its name there with the slashes that follow it. The kernel judges those for
    /// whatever makes, moves or removes a name; it follows a link before them for nothing else. `nameless` is the answer
    /// for a path that leads to a directory and does not end with its name.
    fn parent<'a>(&self, path: &'a str, nameless: Errno) -> VfsResult<(OwnedFd, &'a str)> {
        let start = bare(path).rfind('/').map_or(0, |slash| slash + 1);
        let (parent, name) = path.split_at(start);
        match bare(name) {
            "" if path.is_empty() => return Err(Errno::Noent),
            "" => return Err(Errno::Notcapable),
            "." | ".." => {
                // Resolved only to tell a path that leads out or nowhere from one that merely ends like this.
                self.check_directory(path)?;
                return Err(nameless);
            }
            _ => {}
        }
        let parent = if parent.is_empty() { "." } else { parent };
        Ok((self.resolve(parent, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?, name))
    }

    /// For what acts on a link itself: a slash at the end of its path asks for the directory that it leads to instead.
    fn check_directory(&self, path: &str) -> VfsResult<()> {
        self.resolve(path, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).map(|_| ())
    }

    fn check_writable(&self) -> VfsResult<()> {
        if self.is_writable() { Ok(()) } else { Err(Errno::Rofs) }
    }

    /// The directory of the same tree that a link or rename goes to.
    fn same_tree<'a>(&self, other: &'a dyn Dir) -> VfsResult<&'a Self> {
        let other = other.as_any().downcast_ref::<Self>().ok_or(Errno::Xdev)?;
        if Arc::ptr_eq(&self.tree, &other.tree) { Ok(other) } else { Err(Errno::Xdev) }
    }

    /// Opens what is there, or makes it if the guest asked for that.
    fn open_or_create(&self, path: &str, how: OpenHow) -> VfsResult<(OwnedFd, bool)> {
        let access = match (how.read, how.write || how.truncate) {
            (_, false) => OFlags::RDONLY,
            (false, true) => OFlags::WRONLY,
            (true, true) => OFlags::RDWR,
        };
        let exclusive = how.create && how.exclusive;
        let follow = if how.follow && !exclusive { OFlags::empty() } else { OFlags::NOFOLLOW };
        let directory = if how.directory { OFlags::DIRECTORY } else { OFlags::empty() };
        // A fifo without a partner, or a terminal, must not hold up the host.
        let flags = access | follow | directory | OFlags::NONBLOCK | OFlags::NOCTTY;
        if !exclusive {
            match self.resolve(path, flags, Mode::empty()) {
                Err(Errno::Noent) if how.create => {}
                outcome => return outcome.map(|descriptor| (descriptor, false)),
            }
        }
        self.tree.quota.charge_file()?;
        let exclusive = if exclusive { OFlags::EXCL } else { OFlags::empty() };
        let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP | Mode::ROTH | Mode::WOTH;
        let made = self.resolve(path, flags | OFlags::CREATE | exclusive, mode);
        if made.is_err() {
            self.tree.quota.refund_file();
        }
        made.map(|descriptor| (descriptor, true))
    }

    /// What is behind a device, a fifo or a socket is not the tree's to give, and opening it may already do something. Only
    /// the host can put one in the place of what was looked at here; it is then opened and not given.
    fn check_openable(&self, path: &str, how: OpenHow) -> VfsResult<()> {
        match Dir::stat(self, path, how.follow && !(how.create && how.exclusive)) {
            Ok(Stat { kind: FileKind::Other, .. }) if how.directory || path.ends_with('/') => Err(Errno::Notdir),
            Ok(Stat { kind: FileKind::Other, .. }) if how.create && how.exclusive => Err(Errno::Exist),
            Ok(Stat { kind: FileKind::Other, .. }) => Err(Errno::Acces),
            // Everything else is for the open itself to say.
            _ => Ok(()),
        }
    }

    /// After a name has gone: gives back what this sandbox had paid for the inode, once nothing holds it any more.
    fn removed(&self, stat: Option<rustix::fs::Stat>) {
        if let Some(stat) = stat {
            let last = stat.st_nlink <= 1 || FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
            self.tree.ledger.removed(&stat, last, &self.tree.quota);
        }
    }
}

impl Dir for HostTree {
    fn open(&self, path: &str, how: OpenHow) -> VfsResult<Opened> {
        if how.write || how.create || how.truncate {
            self.check_writable()?;
        }
        self.check_openable(path, how)?;
        let (descriptor, created) = self.open_or_create(path, how)?;
        let stat = rustix::fs::fstat(&descriptor).map_err(errno)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory if how.write || how.truncate || how.create => Err(Errno::Isdir),
            FileType::Directory => Ok(Opened::Directory(Arc::new(Self::new(Arc::clone(&self.tree), descriptor)))),
            FileType::RegularFile => {
                let mut file = HostFile::new(descriptor.into(), &stat, how.write || how.truncate, created, &self.tree)?;
                if how.truncate && !created {
                    file.set_size(0)?;
                }
                Ok(Opened::File { file: Box::new(file), created })
            }
            _ => Err(Errno::Acces),
        }
    }

    fn stat(&self, path: &str, follow: bool) -> VfsResult<Stat> {
        let nofollow = if follow { OFlags::empty() } else { OFlags::NOFOLLOW };
        let descriptor = self.resolve(path, OFlags::PATH | nofollow, Mode::empty())?;
        rustix::fs::fstat(descriptor).map(|stat| errors::stat(&stat)).map_err(errno)
    }

    fn set_times(&self, path: &str, follow: bool, accessed: SetTime, modified: SetTime) -> VfsResult<()> {
        self.check_writable()?;
        let times = errors::timestamps(accessed, modified)?;
        let names = !matches!(path.rsplit('/').next(), None | Some("" | "." | ".."));
        if follow || !names {
            let descriptor = self.resolve(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY, Mode::empty())?;
            return rustix::fs::futimens(descriptor, &times).map_err(errno);
        }
        let (parent, name) = self.parent(path, Errno::Inval)?;
        rustix::fs::utimensat(parent, name, &times, AtFlags::SYMLINK_NOFOLLOW).map_err(errno)
    }

    fn create_directory(&self, path: &str) -> VfsResult<()> {
        self.check_writable()?;
        let (parent, name) = self.parent(path, Errno::Exist)?;
        self.tree.quota.charge_file()?;
        let mode = Mode::RWXU | Mode::RWXG | Mode::RWXO;
        let made = rustix::fs::mkdirat(&parent, name, mode).map_err(errno);
        match made {
            Ok(()) => self.tree.ledger.created(named(&parent, name)),
            Err(_) => self.tree.quota.refund_file(),
        }
        made
    }

    fn remove_directory(&self, path: &str) -> VfsResult<()> {
        self.check_writable()?;
        let (parent, name) = self.parent(path, Errno::Inval)?;
        let stat = named(&parent, name);
        rustix::fs::unlinkat(&parent, name, AtFlags::REMOVEDIR).map_err(errno)?;
        self.removed(stat);
        Ok(())
    }

    fn unlink(&self, path: &str) -> VfsResult<()> {
        self.check_writable()?;
        let (parent, name) = self.parent(path, Errno::Isdir)?;
        let stat = named(&parent, name);
        rustix::fs::unlinkat(&parent, name, AtFlags::empty()).map_err(errno)?;
        self.removed(stat);
        Ok(())
    }

    fn read_link(&self, path: &str) -> VfsResult<Vec<u8>> {
        if path.ends_with('/') {
            self.check_directory(path)?;
            return Err(Errno::Inval);
        }
        let (parent, name) = self.parent(path, Errno::Inval)?;
        rustix::fs::readlinkat(parent, name, Vec::new()).map(std::ffi::CString::into_bytes).map_err(errno)
    }

    fn symlink(&self, target: &str, path: &str) -> VfsResult<()> {
        self.check_writable()?;
        let (parent, name) = self.parent(path, Errno::Exist)?;
        self.tree.quota.charge_file()?;
        let made = rustix::fs::symlinkat(target, &parent, name).map_err(errno);
        match made {
            Ok(()) => self.tree.ledger.created(named(&parent, name)),
            Err(_) => self.tree.quota.refund_file(),
        }
        // A slash asks for a directory, which Linux does not look at here.
        let is_asked = made == Err(Errno::Exist) && name.ends_with('/');
        if is_asked && named(&parent, name).is_some_and(|there| is_neither_directory_nor_link(&there)) {
            return Err(Errno::Notdir);
        }
        made
    }

    fn link(&self, path: &str, follow: bool, to: &dyn Dir, to_path: &str) -> VfsResult<()> {
        let to = self.same_tree(to)?;
        self.check_writable()?;
        if follow {
            // As in preview 1's reference: a link through a link is not offered.
            return Err(Errno::Inval);
        }
        if path.ends_with('/') {
            self.check_directory(path)?;
            return Err(Errno::Acces);
        }
        let (parent, name) = self.parent(path, Errno::Acces)?;
        let (to_parent, to_name) = to.parent(to_path, Errno::Exist)?;
        self.tree.quota.charge_file()?;
        let before = named(&parent, name);
        let made = rustix::fs::linkat(&parent, name, &to_parent, to_name, AtFlags::empty()).map_err(errno);
        match (&made, before) {
            (Ok(()), Some(before)) => self.tree.ledger.linked(&before),
            _ => self.tree.quota.refund_file(),
        }
        made
    }

    fn rename(&self, path: &str, to: &dyn Dir, to_path: &str) -> VfsResult<()> {
        let to = self.same_tree(to)?;
        self.check_writable()?;
        let (parent, name) = self.parent(path, Errno::Busy)?;
        let (to_parent, to_name) = to.parent(to_path, Errno::Busy)?;
        let source = named(&parent, name);
        let replaced = named(&to_parent, to_name);
        rustix::fs::renameat(&parent, name, &to_parent, to_name).map_err(errno)?;
        let same = source.zip(replaced).is_some_and(|(a, b)| (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino));
        if !same {
            self.removed(replaced);
        }
        Ok(())
    }

    fn entries(&self, cursor: u64, limit: usize) -> VfsResult<Vec<DirEntry>> {
        // The place in the listing belongs to the descriptor, which others may be listing too.
        let _alone = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        match rustix::fs::seek(&self.directory, SeekFrom::Start(cursor)) {
            // Behind the end there is nothing.
            Err(rustix::io::Errno::INVAL) => return Ok(Vec::new()),
            sought => sought.map_err(errno)?,
        };
        let mut buffer = Vec::with_capacity(LISTING);
        let mut listing = RawDir::new(&self.directory, buffer.spare_capacity_mut());
        let mut entries = Vec::new();
        while entries.len() < limit
            && let Some(entry) = listing.next()
        {
            entries.push(errors::entry(&entry.map_err(errno)?));
        }
        Ok(entries)
    }

    fn stat_self(&self) -> VfsResult<Stat> {
        rustix::fs::fstat(&self.directory).map(|stat| errors::stat(&stat)).map_err(errno)
    }

    fn set_times_self(&self, accessed: SetTime, modified: SetTime) -> VfsResult<()> {
        self.set_times(".", true, accessed, modified)
    }

    fn sync(&self) -> VfsResult<()> {
        let directory = self.resolve(".", OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
        rustix::fs::fsync(directory).map_err(errno)
    }

    fn is_writable(&self) -> bool {
        self.tree.access == MountAccess::Write
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn tree(&self) -> TreeId {
        self.tree.id()
    }

    fn save_tree(&self) -> SavedTree {
        SavedTree::Host
    }

    fn restore_tree(&self, saved: &SavedTree) -> VfsResult<Usage> {
        match saved {
            SavedTree::Host => Ok(Usage::default()),
            SavedTree::Memory(_) => Err(Errno::Inval),
        }
    }

    fn save(&self) -> VfsResult<SavedHandle> {
        Ok(SavedHandle::Host(Arc::clone(&self.directory)))
    }

    fn restore_directory(&self, saved: &SavedHandle) -> VfsResult<Arc<dyn Dir>> {
        // Opened again, for the place in a listing belongs to the descriptor.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::openat(descriptor(saved)?, ".", flags, Mode::empty()).map_err(errno)?;
        Ok(Arc::new(Self::new(Arc::clone(&self.tree), directory)))
    }

    fn restore_file(&self, saved: &SavedHandle, write: bool) -> VfsResult<Box<dyn File>> {
        let descriptor = Arc::clone(descriptor(saved)?);
        let stat = rustix::fs::fstat(&descriptor).map_err(errno)?;
        Ok(Box::new(HostFile::new(descriptor, &stat, write, false, &self.tree)?))
    }

    fn settle(&self) {}
}

impl Tree {
    fn id(self: &Arc<Self>) -> TreeId {
        Arc::as_ptr(self) as TreeId
    }
}

fn descriptor(saved: &SavedHandle) -> VfsResult<&Arc<OwnedFd>> {
    match saved {
        SavedHandle::Host(descriptor) => Ok(descriptor),
        SavedHandle::Memory(_) => Err(Errno::Inval),
    }
}

/// A name without the slashes that follow it.
fn bare(name: &str) -> &str {
    name.trim_end_matches('/')
}

fn is_neither_directory_nor_link(stat: &rustix::fs::Stat) -> bool {
    !matches!(FileType::from_raw_mode(stat.st_mode), FileType::Directory | FileType::Symlink)
}

/// What a name stands for, a link for itself.
fn named(parent: &OwnedFd, name: &str) -> Option<rustix::fs::Stat> {
    rustix::fs::statat(parent, bare(name), AtFlags::SYMLINK_NOFOLLOW).ok()
}
