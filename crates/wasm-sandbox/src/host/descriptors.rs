//! The guest's open files and directories.

use std::sync::Arc;

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
    pub(super) append: bool,
    /// Whether the change log has it already.
    pub(super) noted: bool,
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
}

impl Descriptors {
    pub(super) fn new(namespace: Namespace, rooted: bool, limit: u32) -> Self {
        let mounts = namespace.mounts();
        let mut table = Vec::with_capacity(4 + mounts.len());
        table.push(Some(Descriptor::Stdin));
        table.push(Some(Descriptor::Output(Stream::Stdout)));
        table.push(Some(Descriptor::Output(Stream::Stderr)));
        let path = |guest: &GuestPath| if guest.as_str() == "/" { String::new() } else { guest.as_str().to_owned() };
        table.extend(mounts.iter().filter(|(guest, _)| !rooted || guest.as_str() == "/").map(|(guest, tree)| {
            let place = Place::Tree(Arc::clone(tree));
            Some(Descriptor::Directory(OpenDirectory { place, path: path(guest), preopen: true }))
        }));
        if !mounts.iter().any(|(guest, _)| guest.as_str() == "/") {
            let root = OpenDirectory { place: Place::Above, path: String::new(), preopen: true };
            table.push(Some(Descriptor::Directory(root)));
        }
        let open = u32::try_from(table.len()).unwrap_or(u32::MAX);
        Self { table, namespace, open, limit, hit: None }
    }

    pub(super) fn namespace(&self) -> &Namespace {
        &self.namespace
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
