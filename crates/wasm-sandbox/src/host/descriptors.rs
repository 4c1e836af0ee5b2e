//! The guest's open files and directories.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use wasm_sandbox_policy::{GuestPath, LimitHit, ResourceKind};

use super::{
    control::Stream,
    namespace::{Located, Namespace, display},
};
use crate::vfs::{Dir, Errno, File, VfsResult};

/// One open thing.
pub(super) enum Descriptor {
    Stdin,
    Output(Stream),
    File(OpenFile),
    Directory(OpenDirectory),
}

/// An open file with what POSIX keeps beside it.
pub(super) struct OpenFile {
    pub(super) file: Box<dyn File>,
    /// As the guest sees it.
    pub(super) path: String,
    pub(super) position: u64,
    pub(super) read: bool,
    pub(super) write: bool,
    pub(super) flags: FileFlags,
    /// Whether the change log has it already.
    pub(super) noted: bool,
}

/// How a file is read and written, in the numbers of preview 1's `fdflags`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileFlags(u8);

impl FileFlags {
    pub(crate) const APPEND: Self = Self(1);
    /// What is written is on the disk before the guest goes on.
    pub(crate) const DSYNC: Self = Self(2);
    /// Means nothing for a file, which never blocks.
    pub(crate) const NONBLOCK: Self = Self(4);
    /// Reads as [`SYNC`](Self::SYNC) writes, which is the same flag on Linux.
    pub(crate) const RSYNC: Self = Self(8);
    /// As [`DSYNC`](Self::DSYNC), with all that is known of the file.
    pub(crate) const SYNC: Self = Self(16);

    /// # Errors
    /// [`Errno::Inval`] for a bit that means nothing.
    pub(crate) fn new(bits: u32) -> VfsResult<Self> {
        let all = Self::APPEND | Self::DSYNC | Self::NONBLOCK | Self::RSYNC | Self::SYNC;
        u8::try_from(bits).ok().filter(|bits| bits & !all.0 == 0).map(Self).ok_or(Errno::Inval)
    }

    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    pub(crate) fn has(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Whether a write is followed by a sync, and if so whether by one of the data only.
    pub(super) fn sync(self) -> Option<bool> {
        match (self.has(Self::SYNC) || self.has(Self::RSYNC), self.has(Self::DSYNC)) {
            (true, _) => Some(false),
            (false, true) => Some(true),
            (false, false) => None,
        }
    }
}

impl std::ops::BitOr for FileFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// An open directory.
#[derive(Clone)]
pub(super) struct OpenDirectory {
    pub(super) place: Place,
    /// As the guest sees it; the root is the empty string, so that `path + "/" + name` is right everywhere.
    pub(super) path: String,
    pub(super) preopen: bool,
}

/// Where a directory is.
#[derive(Clone)]
pub(super) enum Place {
    /// In a mounted tree.
    Tree(Arc<dyn Dir>),
    /// Above the mounts: it only has the names that lead to them.
    Above,
}

/// All descriptors of one sandbox.
pub(super) struct Descriptors {
    table: Vec<Option<Descriptor>>,
    namespace: Namespace,
    open: u32,
    limit: u32,
    hit: Option<LimitHit>,
    /// Those that streams keep open.
    held: BTreeMap<u32, Held>,
}

/// What keeps a descriptor open besides the guest's own handle.
#[derive(Default)]
struct Held {
    streams: u32,
    /// Whether the guest's own handle is gone.
    let_go: bool,
}

impl Descriptors {
    pub(super) fn new(namespace: Namespace, rooted: bool, limit: u32) -> Self {
        let standard = [Descriptor::Stdin, Descriptor::Output(Stream::Stdout), Descriptor::Output(Stream::Stderr)];
        let mut table = Vec::with_capacity(standard.len() + namespace.mounts().len() + 1);
        table.extend(standard.map(Some));
        preopened(&namespace, rooted).for_each(|directory| table.push(Some(Descriptor::Directory(directory))));
        let open = u32::try_from(table.len()).unwrap_or(u32::MAX);
        Self { table, namespace, open, limit, hit: None, held: BTreeMap::new() }
    }

    pub(super) fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// What a guest that is no interpreter is given from the beginning.
    pub(super) fn preopened(&self) -> Vec<OpenDirectory> {
        preopened(&self.namespace, false).collect()
    }

    pub(super) fn take_hit(&mut self) -> Option<LimitHit> {
        self.hit.take()
    }

    pub(super) fn find(&mut self, fd: u32) -> VfsResult<&mut Descriptor> {
        self.table.get_mut(fd as usize).and_then(Option::as_mut).ok_or(Errno::Badf)
    }

    pub(super) fn file(&mut self, fd: u32) -> VfsResult<&mut OpenFile> {
        match self.find(fd)? {
            Descriptor::File(file) => Ok(file),
            Descriptor::Directory(_) => Err(Errno::Isdir),
            Descriptor::Stdin | Descriptor::Output(_) => Err(Errno::Spipe),
        }
    }

    pub(super) fn directory(&mut self, fd: u32) -> VfsResult<&OpenDirectory> {
        match self.find(fd)? {
            Descriptor::Directory(directory) => Ok(directory),
            _ => Err(Errno::Notdir),
        }
    }

    /// By number.
    pub(super) fn all(&self) -> &[Option<Descriptor>] {
        &self.table
    }

    /// Has exactly these open, where nothing was opened before.
    ///
    /// # Errors
    /// [`Errno::Mfile`] when there are more than could have been opened; then none of them is.
    pub(super) fn restore(
        &mut self,
        table: impl ExactSizeIterator<Item = VfsResult<Option<Descriptor>>>,
    ) -> VfsResult<()> {
        // What is there from the beginning may be more than the limit.
        if u32::try_from(table.len()).map_or(true, |len| len > self.limit.max(self.open)) {
            return Err(Errno::Mfile);
        }
        self.table = table.collect::<VfsResult<_>>()?;
        self.open = u32::try_from(self.table.iter().flatten().count()).unwrap_or(u32::MAX);
        Ok(())
    }

    /// Whether one more may be opened.
    pub(super) fn check_room(&mut self) -> VfsResult<()> {
        if self.open < self.limit {
            return Ok(());
        }
        let (used, limit) = (u64::from(self.open) + 1, u64::from(self.limit));
        self.hit = Some(LimitHit { kind: ResourceKind::OpenFiles, used, limit });
        Err(Errno::Mfile)
    }

    /// Puts it under the lowest free number.
    pub(super) fn insert(&mut self, descriptor: Descriptor) -> VfsResult<u32> {
        self.check_room()?;
        self.open += 1;
        let free = self.table.iter().position(Option::is_none);
        let index = free.unwrap_or(self.table.len());
        match self.table.get_mut(index) {
            Some(slot) => *slot = Some(descriptor),
            None => self.table.push(Some(descriptor)),
        }
        u32::try_from(index).map_err(|_| Errno::Mfile)
    }

    pub(super) fn close(&mut self, fd: u32) -> VfsResult<()> {
        let closed = self.table.get_mut(fd as usize).and_then(Option::take);
        closed.ok_or(Errno::Badf)?;
        self.open = self.open.saturating_sub(1);
        Ok(())
    }

    /// A stream needs it: it stays open until that is released.
    pub(super) fn hold(&mut self, fd: u32) {
        self.held.entry(fd).or_default().streams += 1;
    }

    /// A stream that needed it is gone.
    pub(super) fn release(&mut self, fd: u32) -> VfsResult<()> {
        let held = self.held.get_mut(&fd).ok_or(Errno::Badf)?;
        held.streams = held.streams.saturating_sub(1);
        let (last, let_go) = (held.streams == 0, held.let_go);
        if last {
            self.held.remove(&fd);
        }
        if last && let_go { self.close(fd) } else { Ok(()) }
    }

    /// Closes it as soon as no stream needs it.
    pub(super) fn let_go(&mut self, fd: u32) -> VfsResult<()> {
        match self.held.get_mut(&fd) {
            Some(held) => {
                held.let_go = true;
                Ok(())
            }
            None => self.close(fd),
        }
    }

    /// Moves `from` to the number `to`, which must be in use.
    pub(super) fn renumber(&mut self, from: u32, to: u32) -> VfsResult<()> {
        self.find(from)?;
        self.find(to)?;
        if from == to {
            return Ok(());
        }
        let moved = self.table.get_mut(from as usize).and_then(Option::take);
        if let Some(slot) = self.table.get_mut(to as usize) {
            *slot = moved;
        }
        self.open = self.open.saturating_sub(1);
        Ok(())
    }

    /// Resolves a path down to a mounted tree.
    ///
    /// # Errors
    /// [`Errno::Notcapable`] with the full path when nothing is mounted there.
    pub(super) fn locate(&mut self, fd: u32, path: &str) -> Result<Located, (Errno, String)> {
        let directory = self.directory(fd).map_err(|errno| (errno, path.to_owned()))?;
        let full = display(&directory.path, path);
        match &directory.place {
            Place::Tree(tree) => Ok(Located { directory: Arc::clone(tree), rest: path.to_owned(), full }),
            Place::Above => match self.namespace.locate(&full, path.ends_with('/')) {
                Some(located) => Ok(located),
                None => Err((Errno::Notcapable, full)),
            },
        }
    }
}

/// Every mount, or only the root; and the root above the mounts if nothing is mounted there.
fn preopened(namespace: &Namespace, rooted: bool) -> impl Iterator<Item = OpenDirectory> {
    let is_root = |guest: &GuestPath| guest.as_str() == "/";
    let path = move |guest: &GuestPath| if is_root(guest) { String::new() } else { guest.as_str().to_owned() };
    let mounts = namespace.mounts();
    let has_root = mounts.iter().any(|(guest, _)| is_root(guest));
    let given = mounts.iter().filter(move |(guest, _)| !rooted || is_root(guest));
    given
        .map(move |(guest, tree)| (Place::Tree(Arc::clone(tree)), path(guest)))
        .chain((!has_root).then(|| (Place::Above, String::new())))
        .map(|(place, path)| OpenDirectory { place, path, preopen: true })
}
