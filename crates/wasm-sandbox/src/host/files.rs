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

    /// Bytes were written to a file, and are on its disk if it is to be in step with that.
    pub(super) fn note_written(&mut self, fd: u32, bytes: usize) -> VfsResult<()> {
        let file = self.descriptors.file(fd)?;
        if bytes == 0 {
            return Ok(());
        }
        if !std::mem::replace(&mut file.noted, true) {
            self.record.modified(&file.path);
        }
        file.flags.sync().map_or(Ok(()), |data_only| file.file.sync(data_only))
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::{Arc, Mutex};

    use wasm_sandbox_policy::{InstanceConfig, ResourceLimits};

    use super::*;
    use crate::{
        host::FileFlags,
        vfs::{File, Quota, SavedHandle, TreeId},
    };

    /// Bytes that were written, and with how many of them there was a sync, and if of the data only.
    type Noted = (usize, Vec<(usize, bool)>);

    /// Counts its bytes.
    #[derive(Clone, Default)]
    struct Noting(Arc<Mutex<Noted>>);

    impl File for Noting {
        fn read_at(&self, _: &mut [u8], _: u64) -> VfsResult<usize> {
            Ok(0)
        }

        fn write_at(&mut self, bytes: &[u8], _: u64) -> VfsResult<usize> {
            self.0.lock().unwrap().0 += bytes.len();
            Ok(bytes.len())
        }

        fn append(&mut self, bytes: &[u8]) -> VfsResult<(usize, u64)> {
            self.write_at(bytes, 0).map(|written| (written, self.0.lock().unwrap().0 as u64))
        }

        fn stat(&self) -> VfsResult<Stat> {
            Ok(nothing_known(FileKind::File))
        }

        fn set_size(&mut self, _: u64) -> VfsResult<()> {
            Ok(())
        }

        fn allocate(&mut self, _: u64, _: u64) -> VfsResult<()> {
            Ok(())
        }

        fn set_times(&self, _: SetTime, _: SetTime) -> VfsResult<()> {
            Ok(())
        }

        fn sync(&self, data_only: bool) -> VfsResult<()> {
            let mut state = self.0.lock().unwrap();
            let written = state.0;
            state.1.push((written, data_only));
            // A disk may be full, or break.
            if written > 100 { Err(Errno::Io) } else { Ok(()) }
        }

        fn save(&self) -> VfsResult<(TreeId, SavedHandle)> {
            Err(Errno::Notsup)
        }
    }

    #[test]
    fn what_is_written_in_step_with_the_disk_is_on_it() {
        let config = InstanceConfig { limits: ResourceLimits::default(), ..InstanceConfig::default() };
        let quota = Arc::new(Quota::new(&config.limits));
        let mut host = Host::bare(&config, Vec::new(), quota);
        let none = FileFlags::default();
        let known = FileFlags::APPEND | FileFlags::NONBLOCK;
        for (flags, data_only) in [
            (none, None),
            (known, None),
            (FileFlags::DSYNC, Some(true)),
            (FileFlags::DSYNC | known, Some(true)),
            (FileFlags::SYNC, Some(false)),
            (FileFlags::RSYNC, Some(false)),
            (FileFlags::SYNC | FileFlags::DSYNC, Some(false)),
        ] {
            let noting = Noting::default();
            let file: Box<dyn File> = Box::new(noting.clone());
            let (path, read, write) = ("/data/file".to_owned(), true, true);
            let file = OpenFile { file, path, position: 0, read, write, flags, noted: false };
            let fd = host.descriptors.insert(Descriptor::File(file)).unwrap();
            assert_eq!(host.write_file(fd, b"", Some(0)), Ok(0));
            assert_eq!(host.write_file(fd, b"hello", Some(0)), Ok(5));
            assert_eq!(host.write_file(fd, b"!", None), Ok(1));
            let synced = noting.0.lock().unwrap().1.clone();
            let expected: Vec<_> = data_only.map(|data| [(5, data), (6, data)]).into_iter().flatten().collect();
            assert_eq!(synced, expected, "{flags:?}");
            // What could not be synced was not written as it was to be.
            let outcome = host.write_file(fd, &[1; 100], None);
            assert_eq!(outcome, if data_only.is_some() { Err(Errno::Io) } else { Ok(100) }, "{flags:?}");
        }
    }
}
