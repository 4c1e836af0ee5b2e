//! Everything that begins with a path.

use super::{Errno, GuestMemory, Host, HostResult, done, store_stat, times};
use crate::{host::descriptors::FileFlags, vfs::OpenHow};

const FOLLOW: u32 = 1;
const CREATE: u32 = 1;
const DIRECTORY: u32 = 2;
const EXCLUSIVE: u32 = 4;
const TRUNCATE: u32 = 8;
const READ_RIGHTS: u64 = 1 << 1 | 1 << 14;
/// To change a size alone is asked for by Go for every file that it reads.
const WRITE_RIGHT: u64 = 1 << 6;

pub(crate) fn path_create_directory(host: &mut Host, memory: &mut [u8], fd: u32, path: u32, len: u32) -> HostResult {
    done(host, |host| host.create_directory(fd, memory.path(path, len)?))
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
        let found = host.stat_at(fd, memory.path(path, len)?, flags & FOLLOW != 0)?;
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
        host.set_times_at(fd, path, flags & FOLLOW != 0, accessed, modified)
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
    done(host, |host| host.link(fd, memory.path(path, len)?, flags & FOLLOW != 0, to_fd, memory.path(to, to_len)?))
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
        if open & !0xf != 0 {
            return Err(Errno::Inval);
        }
        let fd = host.open(fd, path, how(lookup, open, rights), FileFlags::new(flags)?)?;
        memory.store_u32(opened, fd)
    })
}

fn how(lookup: u32, open: u32, rights: u64) -> OpenHow {
    let write = rights & WRITE_RIGHT != 0;
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
        let target = host.read_link(fd, memory.path(path, len)?)?;
        let fitting = target.get(..buffer_len as usize).unwrap_or(&target);
        memory.store(buffer, fitting)?;
        memory.store_u32(used, u32::try_from(fitting.len()).unwrap_or(u32::MAX))
    })
}

pub(crate) fn path_remove_directory(host: &mut Host, memory: &mut [u8], fd: u32, path: u32, len: u32) -> HostResult {
    done(host, |host| host.remove_directory(fd, memory.path(path, len)?))
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
    done(host, |host| host.rename(fd, memory.path(path, len)?, to_fd, memory.path(to, to_len)?))
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
    done(host, |host| host.symlink(memory.path(target, target_len)?, fd, memory.path(path, len)?))
}

pub(crate) fn path_unlink_file(host: &mut Host, memory: &mut [u8], fd: u32, path: u32, len: u32) -> HostResult {
    done(host, |host| host.unlink(fd, memory.path(path, len)?))
}
