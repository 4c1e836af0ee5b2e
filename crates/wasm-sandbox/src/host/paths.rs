//! What guests do to names: every act that begins with a path, resolved, done, and recorded when it is refused. The versions of
//! WASI differ only in how the path gets here and the answer back.

use super::{
    Host,
    descriptors::{Descriptor, FileFlags, OpenDirectory, OpenFile, Place},
    files::nothing_known,
    namespace::Located,
};
use crate::vfs::{Errno, FileKind, OpenHow, Opened, SetTime, Stat, VfsResult};

/// Bytes of a path that are accepted.
pub(super) const MAX_PATH: usize = 4096;

/// Whether an act can be asked for with such a path at all.
fn check(path: &str) -> VfsResult<()> {
    if path.len() > MAX_PATH {
        return Err(Errno::Nametoolong);
    }
    if path.contains('\0') { Err(Errno::Ilseq) } else { Ok(()) }
}

impl Host {
    pub(crate) fn create_directory(&mut self, fd: u32, path: &str) -> VfsResult<()> {
        check(path)?;
        if self.is_above(fd, path).is_some() {
            return Err(Errno::Exist);
        }
        self.at(writes("create directory"), fd, path, |host, place| {
            place.directory.create_directory(&place.rest)?;
            host.record.created(&place.full);
            Ok(())
        })
    }

    pub(crate) fn stat_at(&mut self, fd: u32, path: &str, follow: bool) -> VfsResult<Stat> {
        check(path)?;
        if self.is_above(fd, path).is_some() {
            return Ok(nothing_known(FileKind::Directory));
        }
        self.at(looks("stat"), fd, path, |_, place| place.directory.stat(&place.rest, follow))
    }

    pub(crate) fn set_times_at(
        &mut self,
        fd: u32,
        path: &str,
        follow: bool,
        accessed: SetTime,
        modified: SetTime,
    ) -> VfsResult<()> {
        check(path)?;
        self.at(writes("set times"), fd, path, |_, place| {
            place.directory.set_times(&place.rest, follow, accessed, modified)
        })
    }

    pub(crate) fn link(&mut self, fd: u32, path: &str, follow: bool, to_fd: u32, to: &str) -> VfsResult<()> {
        check(path).and(check(to))?;
        self.between(writes("link"), (fd, path), (to_fd, to), |host, from, to| {
            from.directory.link(&from.rest, follow, &*to.directory, &to.rest)?;
            host.record.created(&to.full);
            Ok(())
        })
    }

    pub(crate) fn rename(&mut self, fd: u32, path: &str, to_fd: u32, to: &str) -> VfsResult<()> {
        check(path).and(check(to))?;
        self.between(writes("rename"), (fd, path), (to_fd, to), |host, from, to| {
            from.directory.rename(&from.rest, &*to.directory, &to.rest)?;
            if from.full != to.full {
                host.record.renamed(&from.full, &to.full);
            }
            Ok(())
        })
    }

    pub(crate) fn symlink(&mut self, target: &str, fd: u32, path: &str) -> VfsResult<()> {
        check(target).and(check(path))?;
        self.at(writes("symlink"), fd, path, |host, place| {
            if target.starts_with('/') {
                return Err(Errno::Notcapable);
            }
            place.directory.symlink(target, &place.rest)?;
            host.record.created(&place.full);
            Ok(())
        })
    }

    pub(crate) fn read_link(&mut self, fd: u32, path: &str) -> VfsResult<Vec<u8>> {
        check(path)?;
        let target = self.at(looks("read link"), fd, path, |_, place| place.directory.read_link(&place.rest))?;
        // An absolute target is a path of the host's.
        if target.starts_with(b"/") { Err(Errno::Notcapable) } else { Ok(target) }
    }

    pub(crate) fn remove_directory(&mut self, fd: u32, path: &str) -> VfsResult<()> {
        check(path)?;
        self.at(writes("remove directory"), fd, path, |host, place| {
            place.directory.remove_directory(&place.rest)?;
            host.record.deleted(&place.full);
            Ok(())
        })
    }

    pub(crate) fn unlink(&mut self, fd: u32, path: &str) -> VfsResult<()> {
        check(path)?;
        self.at(writes("unlink"), fd, path, |host, place| {
            place.directory.unlink(&place.rest)?;
            host.record.deleted(&place.full);
            Ok(())
        })
    }

    /// Opens a file or a directory, and gives back its descriptor.
    pub(crate) fn open(&mut self, fd: u32, path: &str, how: OpenHow, flags: FileFlags) -> VfsResult<u32> {
        check(path)?;
        if how.directory && how.create {
            return Err(Errno::Inval);
        }
        self.descriptors.check_room()?;
        let act = if how.write || how.create || how.truncate { writes("open") } else { reads("open") };
        let descriptor = match self.is_above(fd, path) {
            Some(_) if how.create && how.exclusive => return Err(Errno::Exist),
            Some(_) if how.write || how.truncate || how.create => return Err(Errno::Isdir),
            Some(directory) => Descriptor::Directory(directory),
            None => self.at(act, fd, path, |host, place| open_in_tree(host, place, how, flags))?,
        };
        self.usage.files_opened += 1;
        self.descriptors.insert(descriptor)
    }

    /// Resolves a path of the guest's and does `work` there; a refusal goes into the record.
    fn at<T>(
        &mut self,
        act: Act,
        fd: u32,
        path: &str,
        work: impl FnOnce(&mut Self, &Located) -> VfsResult<T>,
    ) -> VfsResult<T> {
        let located = self.locate(act, fd, path)?;
        work(self, &located).map_err(|errno| self.refuse(act, &located, errno))
    }

    /// As [`at`](Self::at) with two paths; one act is refused once, for the path that stands in its way.
    fn between(
        &mut self,
        act: Act,
        from: (u32, &str),
        to: (u32, &str),
        work: impl FnOnce(&mut Self, &Located, &Located) -> VfsResult<()>,
    ) -> VfsResult<()> {
        let from = self.locate(act, from.0, from.1)?;
        let to = self.locate(act, to.0, to.1)?;
        work(self, &from, &to).map_err(|errno| {
            let leads_out = |place: &Located| place.directory.stat(&place.rest, false).err() == Some(Errno::Notcapable);
            let at_fault = if errno == Errno::Notcapable && !leads_out(&from) { &to } else { &from };
            self.refuse(act, at_fault, errno)
        })
    }

    fn locate(&mut self, act: Act, fd: u32, path: &str) -> VfsResult<Located> {
        match self.descriptors.locate(fd, path) {
            Ok(located) if located.rest.is_empty() => Err(Errno::Noent),
            Ok(located) => Ok(located),
            Err((Errno::Notcapable, _)) if act.looks => Err(Errno::Noent),
            Err((errno, full)) => {
                self.record.refused(errno, act.name, &full, act.writes);
                // What programs know how to report: "permission denied".
                Err(if errno == Errno::Notcapable { Errno::Acces } else { errno })
            }
        }
    }

    /// Notes a refusal, if the errno is one, and gives back what the guest is told.
    fn refuse(&mut self, act: Act, place: &Located, errno: Errno) -> Errno {
        self.record.refused(errno, act.name, &place.full, act.writes);
        // A path that leads out is "not permitted", as in preview 1's reference.
        if errno == Errno::Notcapable { Errno::Perm } else { errno }
    }

    /// Whether a path is a directory above the mounts.
    fn is_above(&mut self, fd: u32, path: &str) -> Option<OpenDirectory> {
        match self.descriptors.locate(fd, path) {
            Err((Errno::Notcapable, full)) if self.descriptors.namespace().above(&full) => {
                let path = if full == "/" { String::new() } else { full };
                Some(OpenDirectory { place: Place::Above, path, preopen: false })
            }
            _ => None,
        }
    }
}

/// An operation on a path: what it is called in the record, whether it would change something, and whether it only looks if
/// something is there.
#[derive(Clone, Copy)]
struct Act {
    name: &'static str,
    writes: bool,
    looks: bool,
}

/// Where nothing is mounted, looking finds nothing: no act was refused, and libraries look around a lot as they start.
const fn looks(name: &'static str) -> Act {
    Act { name, writes: false, looks: true }
}

const fn reads(name: &'static str) -> Act {
    Act { name, writes: false, looks: false }
}

const fn writes(name: &'static str) -> Act {
    Act { name, writes: true, looks: false }
}

fn open_in_tree(host: &mut Host, place: &Located, how: OpenHow, flags: FileFlags) -> VfsResult<Descriptor> {
    match place.directory.open(&place.rest, how)? {
        Opened::Directory(tree) => {
            let path = place.full.trim_end_matches('/').to_owned();
            Ok(Descriptor::Directory(OpenDirectory { place: Place::Tree(tree), path, preopen: false }))
        }
        Opened::File { file, created } => {
            if created {
                host.record.created(&place.full);
            } else if how.truncate {
                host.record.modified(&place.full);
            }
            Ok(Descriptor::File(OpenFile {
                file,
                path: place.full.clone(),
                position: 0,
                read: how.read,
                write: how.write,
                flags,
                noted: created,
            }))
        }
    }
}
