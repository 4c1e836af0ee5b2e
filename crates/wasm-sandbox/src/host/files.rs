//! What guests do to what is open. The versions of WASI differ only in where the bytes come from and go to.

use super::{
    Host, Step, Wait,
    descriptors::{Descriptor, OpenDirectory, OpenFile, Place},
};
use crate::vfs::{DirEntry, Errno, FileKind, SetTime, Stat, VfsResult};

/// Entries fetched from a tree at a time.
const ENTRIES: usize = 128;

impl Host {
    /// Of a file or directory.
    pub(crate) fn stat(&mut self, fd: u32) -> VfsResult<Stat> {
        match self.descriptors.find(fd)? {
            Descriptor::File(file) => file.file.stat(),
            Descriptor::Directory(directory) => match &directory.place {
                Place::Tree(tree) => tree.stat_self(),
                Place::Above => Ok(nothing_known(FileKind::Directory)),
            },
            Descriptor::Stdin | Descriptor::Output(_) => Err(Errno::Badf),
        }
    }

    pub(crate) fn set_size(&mut self, fd: u32, size: u64) -> VfsResult<()> {
        let file = self.descriptors.file(fd)?;
        if !file.write {
            return Err(Errno::Badf);
        }
        file.file.set_size(size)?;
        self.record.modified(&file.path);
        Ok(())
    }

    pub(crate) fn set_times(&mut self, fd: u32, accessed: SetTime, modified: SetTime) -> VfsResult<()> {
        let (path, outcome) = match self.descriptors.find(fd)? {
            Descriptor::File(file) => (&file.path, file.file.set_times(accessed, modified)),
            Descriptor::Directory(directory) => (
                &directory.path,
                match &directory.place {
                    Place::Tree(tree) => tree.set_times_self(accessed, modified),
                    Place::Above => Err(Errno::Notcapable),
                },
            ),
            Descriptor::Stdin | Descriptor::Output(_) => return Err(Errno::Badf),
        };
        outcome.inspect_err(|errno| self.record.refused(*errno, "set times", path, true))
    }

    pub(crate) fn sync(&mut self, fd: u32, data_only: bool) -> VfsResult<()> {
        match self.descriptors.find(fd)? {
            Descriptor::File(file) => file.file.sync(data_only),
            Descriptor::Directory(OpenDirectory { place: Place::Tree(tree), .. }) => tree.sync(),
            _ => Ok(()),
        }
    }

    /// Advice is only that: there is nothing to do for any tree, and it changes no result.
    pub(crate) fn advise(&mut self, fd: u32, offset: u64, len: u64) -> VfsResult<()> {
        if offset.checked_add(len).is_none_or(|end| i64::try_from(end).is_err()) {
            return Err(Errno::Inval);
        }
        self.descriptors.file(fd).map(|_| ())
    }

    /// Writes a piece of a file there, or at its end, and gives back how much of it.
    pub(super) fn write_file(&mut self, fd: u32, bytes: &[u8], offset: Option<u64>) -> VfsResult<usize> {
        let (written, _) = self.descriptors.file(fd)?.write(bytes, offset)?;
        self.note_written(fd, written)?;
        Ok(written)
    }

    /// Bytes were written to a file.
    pub(super) fn note_written(&mut self, fd: u32, bytes: usize) -> VfsResult<()> {
        let file = self.descriptors.file(fd)?;
        if bytes > 0 && !std::mem::replace(&mut file.noted, true) {
            self.record.modified(&file.path);
        }
        Ok(())
    }

    /// Some entries of a directory, `.` and `..` among them; none at the end.
    pub(super) fn entries(&mut self, fd: u32, cursor: u64) -> VfsResult<Vec<DirEntry>> {
        let directory = self.descriptors.directory(fd)?;
        match &directory.place {
            Place::Tree(tree) => {
                let mut entries = tree.entries(cursor, ENTRIES)?;
                if let Some(own) = entries.iter_mut().find(|entry| entry.name == b".") {
                    own.inode = tree.stat_self()?.inode;
                }
                Ok(entries)
            }
            Place::Above => {
                let path = directory.path.clone();
                let names = self.descriptors.namespace().names_above(&path);
                Ok(names.into_iter().skip(usize::try_from(cursor).unwrap_or(usize::MAX)).take(ENTRIES).collect())
            }
        }
    }
}

impl OpenFile {
    /// Whether it can be read there.
    pub(super) fn check_read(&self, offset: u64) -> VfsResult<()> {
        if !self.read {
            return Err(Errno::Badf);
        }
        if i64::try_from(offset).is_err() { Err(Errno::Inval) } else { Ok(()) }
    }

    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> VfsResult<Step<usize>> {
        self.check_read(offset)?;
        match self.file.read_at(buffer, offset) {
            Ok(read) => Ok(Step::Done(read)),
            // The work goes on at once, unless the guest's time is up meanwhile.
            Err(Errno::Again) => Ok(Step::Wait(Wait::moment())),
            Err(errno) => Err(errno),
        }
    }

    /// Writes there, or at the end, and gives back how much, and where that ended.
    pub(super) fn write(&mut self, bytes: &[u8], offset: Option<u64>) -> VfsResult<(usize, u64)> {
        if !self.write {
            return Err(Errno::Badf);
        }
        match offset {
            None => self.file.append(bytes),
            Some(offset) => {
                let written = self.file.write_at(bytes, offset)?;
                Ok((written, offset.saturating_add(written as u64)))
            }
        }
    }
}

/// What is known of a stream or of a directory above the mounts.
pub(super) fn nothing_known(kind: FileKind) -> Stat {
    Stat { kind, inode: 0, device: 0, links: 1, size: 0, accessed: None, modified: None, changed: None }
}
