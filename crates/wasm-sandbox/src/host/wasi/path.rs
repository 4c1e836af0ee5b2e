//! Everything that begins with a path.

use super::{Errno, GuestMemory, Host, HostResult, VfsResult, descriptor::above_stat, done, store_stat, times};
use crate::{
    host::{
        descriptors::{Descriptor, OpenDirectory, OpenFile, Place},
        namespace::Located,
    },
    vfs::{OpenHow, Opened},
};

const FOLLOW: u32 = 1;
const CREATE: u32 = 1;
const DIRECTORY: u32 = 2;
const EXCLUSIVE: u32 = 4;
const TRUNCATE: u32 = 8;
const APPEND: u32 = 1;
const READ_RIGHTS: u64 = 1 << 1 | 1 << 14;
const WRITE_RIGHTS: u64 = 1 << 6 | 1 << 8 | 1 << 22;

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

/// Resolves a path of the guest's and does `work` there; a refusal goes into the record.
fn at<T>(
    host: &mut Host,
    act: Act,
    fd: u32,
    path: &str,
    work: impl FnOnce(&mut Host, &Located) -> VfsResult<T>,
) -> VfsResult<T> {
    let located = locate(host, act, fd, path)?;
    work(host, &located).map_err(|errno| refuse(host, act, &located, errno))
}

/// As [`at`] with two paths; one act is refused once, for the path that stands in its way.
fn between(
    host: &mut Host,
    act: Act,
    from: (u32, &str),
    to: (u32, &str),
    work: impl FnOnce(&mut Host, &Located, &Located) -> VfsResult<()>,
) -> VfsResult<()> {
    let from = locate(host, act, from.0, from.1)?;
    let to = locate(host, act, to.0, to.1)?;
    work(host, &from, &to).map_err(|errno| {
        let leads_out = |place: &Located| place.directory.stat(&place.rest, false).err() == Some(Errno::Notcapable);
        let at_fault = if errno == Errno::Notcapable && !leads_out(&from) { &to } else { &from };
        refuse(host, act, at_fault, errno)
    })
}

fn locate(host: &mut Host, act: Act, fd: u32, path: &str) -> VfsResult<Located> {
    match host.descriptors.locate(fd, path) {
        Ok(located) if located.rest.is_empty() => Err(Errno::Noent),
        Ok(located) => Ok(located),
        Err((Errno::Notcapable, _)) if act.looks => Err(Errno::Noent),
        Err((errno, full)) => {
            host.record.refused(errno, act.name, &full, act.writes);
            // What programs know how to report: "permission denied".
            Err(if errno == Errno::Notcapable { Errno::Acces } else { errno })
        }
    }
}

/// Notes a refusal, if the errno is one, and gives back what the guest is told.
fn refuse(host: &mut Host, act: Act, place: &Located, errno: Errno) -> Errno {
    host.record.refused(errno, act.name, &place.full, act.writes);
    // A path that leads out is "not permitted", as in preview 1's reference.
    if errno == Errno::Notcapable { Errno::Perm } else { errno }
}

/// Whether a path is a directory above the mounts.
fn is_above(host: &mut Host, fd: u32, path: &str) -> Option<OpenDirectory> {
    match host.descriptors.locate(fd, path) {
        Err((Errno::Notcapable, full)) if host.descriptors.namespace().above(&full) => {
            let path = if full == "/" { String::new() } else { full };
            Some(OpenDirectory { place: Place::Above, path, preopen: false })
        }
        _ => None,
    }
}

pub(crate) fn path_create_directory(host: &mut Host, memory: &mut [u8], fd: u32, path: u32, len: u32) -> HostResult {
    done(host, |host| {
        let path = memory.path(path, len)?;
        if is_above(host, fd, &path).is_some() {
            return Err(Errno::Exist);
        }
        at(host, writes("create directory"), fd, &path, |host, place| {
            place.directory.create_directory(&place.rest)?;
            host.record.created(&place.full);
            Ok(())
        })
    })
}

pub(crate) fn path_filestat_get(
    host: &mut Host,
    memory: &mut [u8],
    fd: u32,
    flags: u32,
    path: u32,
    len: u32,
    stat: u32,
) -> HostResult {
    done(host, |host| {
        let path = memory.path(path, len)?;
        if is_above(host, fd, &path).is_some() {
            return store_stat(memory, stat, &above_stat());
        }
        let found =
            at(host, looks("stat"), fd, &path, |_, place| place.directory.stat(&place.rest, flags & FOLLOW != 0))?;
        store_stat(memory, stat, &found)
    })
}

pub(crate) fn path_filestat_set_times(
    host: &mut Host,
    memory: &mut [u8],
    fd: u32,
    flags: u32,
    path: u32,
    len: u32,
    accessed: u64,
    modified: u64,
    set: u32,
) -> HostResult {
    done(host, |host| {
        let path = memory.path(path, len)?;
        let (accessed, modified) = times(accessed, modified, set)?;
        at(host, writes("set times"), fd, &path, |_, place| {
            place.directory.set_times(&place.rest, flags & FOLLOW != 0, accessed, modified)
        })
    })
}

pub(crate) fn path_link(
    host: &mut Host,
    memory: &mut [u8],
    fd: u32,
    flags: u32,
    path: u32,
    len: u32,
    to_fd: u32,
    to: u32,
    to_len: u32,
) -> HostResult {
    done(host, |host| {
        let (path, to) = (memory.path(path, len)?, memory.path(to, to_len)?);
        between(host, writes("link"), (fd, &path), (to_fd, &to), |host, from, to| {
            from.directory.link(&from.rest, flags & FOLLOW != 0, &*to.directory, &to.rest)?;
            host.record.created(&to.full);
            Ok(())
        })
    })
}

pub(crate) fn path_open(
    host: &mut Host,
    memory: &mut [u8],
    fd: u32,
    lookup: u32,
    path: u32,
    len: u32,
    open: u32,
    rights: u64,
    _inheriting: u64,
    flags: u32,
    opened: u32,
) -> HostResult {
    done(host, |host| {
        let path = memory.path(path, len)?;
        memory.load_u32(opened)?;
        if open & !0xf != 0 || flags & !0x1f != 0 {
            return Err(Errno::Inval);
        }
        host.descriptors.check_room()?;
        let how = how(lookup, open, rights);
        let act = if how.write || how.create || how.truncate { writes("open") } else { reads("open") };
        let descriptor = match is_above(host, fd, &path) {
            Some(_) if how.create && how.exclusive => return Err(Errno::Exist),
            Some(_) if how.write || how.truncate => return Err(Errno::Isdir),
            Some(directory) => Descriptor::Directory(directory),
            None => at(host, act, fd, &path, |host, place| open_in_tree(host, place, how, flags & APPEND != 0))?,
        };
        host.usage.files_opened += 1;
        let fd = host.descriptors.insert(descriptor)?;
        memory.store_u32(opened, fd)
    })
}

fn how(lookup: u32, open: u32, rights: u64) -> OpenHow {
    let write = rights & WRITE_RIGHTS != 0;
    OpenHow {
        read: rights & READ_RIGHTS != 0 || !write,
        write,
        create: open & CREATE != 0,
        exclusive: open & EXCLUSIVE != 0,
        truncate: open & TRUNCATE != 0,
        directory: open & DIRECTORY != 0,
        follow: lookup & FOLLOW != 0,
    }
}

fn open_in_tree(host: &mut Host, place: &Located, mut how: OpenHow, append: bool) -> VfsResult<Descriptor> {
    if how.directory {
        if how.create {
            return Err(Errno::Inval);
        }
        // Rights to write are asked for by habit; a directory is not written through its descriptor.
        how.write = false;
    }
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
                append,
                noted: created,
            }))
        }
    }
}

pub(crate) fn path_readlink(
    host: &mut Host,
    memory: &mut [u8],
    fd: u32,
    path: u32,
    len: u32,
    buffer: u32,
    buffer_len: u32,
    used: u32,
) -> HostResult {
    done(host, |host| {
        let path = memory.path(path, len)?;
        let target = at(host, looks("read link"), fd, &path, |_, place| place.directory.read_link(&place.rest))?;
        if target.starts_with(b"/") {
            // An absolute target is a path of the host's.
            return Err(Errno::Notcapable);
        }
        let fitting = target.get(..buffer_len as usize).unwrap_or(&target);
        memory.store(buffer, fitting)?;
        memory.store_u32(used, u32::try_from(fitting.len()).unwrap_or(u32::MAX))
    })
}

pub(crate) fn path_remove_directory(host: &mut Host, memory: &mut [u8], fd: u32, path: u32, len: u32) -> HostResult {
    done(host, |host| {
        let path = memory.path(path, len)?;
        at(host, writes("remove directory"), fd, &path, |host, place| {
            place.directory.remove_directory(&place.rest)?;
            host.record.deleted(&place.full);
            Ok(())
        })
    })
}

pub(crate) fn path_rename(
    host: &mut Host,
    memory: &mut [u8],
    fd: u32,
    path: u32,
    len: u32,
    to_fd: u32,
    to: u32,
    to_len: u32,
) -> HostResult {
    done(host, |host| {
        let (path, to) = (memory.path(path, len)?, memory.path(to, to_len)?);
        between(host, writes("rename"), (fd, &path), (to_fd, &to), |host, from, to| {
            from.directory.rename(&from.rest, &*to.directory, &to.rest)?;
            if from.full != to.full {
                host.record.renamed(&from.full, &to.full);
            }
            Ok(())
        })
    })
}

pub(crate) fn path_symlink(
    host: &mut Host,
    memory: &mut [u8],
    target: u32,
    target_len: u32,
    fd: u32,
    path: u32,
    len: u32,
) -> HostResult {
    done(host, |host| {
        let (target, path) = (memory.path(target, target_len)?, memory.path(path, len)?);
        at(host, writes("symlink"), fd, &path, |host, place| {
            if target.starts_with('/') {
                return Err(Errno::Notcapable);
            }
            place.directory.symlink(&target, &place.rest)?;
            host.record.created(&place.full);
            Ok(())
        })
    })
}

pub(crate) fn path_unlink_file(host: &mut Host, memory: &mut [u8], fd: u32, path: u32, len: u32) -> HostResult {
    done(host, |host| {
        let path = memory.path(path, len)?;
        at(host, writes("unlink"), fd, &path, |host, place| {
            place.directory.unlink(&place.rest)?;
            host.record.deleted(&place.full);
            Ok(())
        })
    })
}
