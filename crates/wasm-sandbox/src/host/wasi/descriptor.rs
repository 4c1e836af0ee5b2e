//! What can be asked of and done to an open descriptor besides reading and writing.

use super::{
    CHARACTER_DEVICE, Errno, FileKind, GuestMemory, Host, HostResult, UNKNOWN_KIND, VfsResult, done, file_type,
    store_stat, times,
};
use crate::{
    host::{
        Streams,
        control::Stream,
        descriptors::{Descriptor, FileFlags},
        files::nothing_known,
    },
    vfs::DirEntry,
};

/// Rights as preview 1 counts them. They are reported, as programs ask for them, and grant nothing.
const FILE_RIGHTS: u64 = 0x08e0_01ff;
const READ_RIGHT: u64 = 1 << 1;
const WRITE_RIGHTS: u64 = 1 << 6 | 1 << 8 | 1 << 22;
/// All but setting a file's size by its path, for which there is no call.
const DIRECTORY_RIGHTS: u64 = 0x07b7_fe10;
const STREAM_RIGHTS: u64 = 0x0820_0048;

pub(crate) fn fd_advise(host: &mut Host, _: &mut [u8], fd: u32, offset: u64, len: u64, advice: u32) -> HostResult {
    done(host, |host| {
        if advice > 5 {
            return Err(Errno::Inval);
        }
        host.advise(fd, offset, len)
    })
}

pub(crate) fn fd_allocate(host: &mut Host, _: &mut [u8], fd: u32, offset: u64, len: u64) -> HostResult {
    done(host, |host| {
        let file = host.descriptors.file(fd)?;
        if !file.write {
            return Err(Errno::Badf);
        }
        if len == 0 {
            return Err(Errno::Inval);
        }
        file.file.allocate(offset, len)?;
        host.record.modified(&file.path);
        Ok(())
    })
}

pub(crate) fn fd_close(host: &mut Host, _: &mut [u8], fd: u32) -> HostResult {
    done(host, |host| host.descriptors.close(fd))
}

pub(crate) fn fd_datasync(host: &mut Host, _: &mut [u8], fd: u32) -> HostResult {
    done(host, |host| host.sync(fd, true))
}

pub(crate) fn fd_sync(host: &mut Host, _: &mut [u8], fd: u32) -> HostResult {
    done(host, |host| host.sync(fd, false))
}

pub(crate) fn fd_fdstat_get(host: &mut Host, memory: &mut [u8], fd: u32, stat: u32) -> HostResult {
    done(host, |host| {
        let (kind, flags, base, inheriting) = match host.descriptors.find(fd)? {
            Descriptor::Stdin => {
                let rights = STREAM_RIGHTS & !WRITE_RIGHTS | READ_RIGHT;
                (stream_kind(&host.streams, Stream::Stdin), FileFlags::default(), rights, 0)
            }
            Descriptor::Output(stream) => (stream_kind(&host.streams, *stream), FileFlags::APPEND, STREAM_RIGHTS, 0),
            Descriptor::File(file) => {
                let read = if file.read { FILE_RIGHTS } else { FILE_RIGHTS & !READ_RIGHT };
                let rights = if file.write { read } else { read & !WRITE_RIGHTS };
                (file_type(FileKind::File), file.flags, rights, 0)
            }
            Descriptor::Directory(_) => {
                let inheriting = DIRECTORY_RIGHTS | FILE_RIGHTS;
                (file_type(FileKind::Directory), FileFlags::default(), DIRECTORY_RIGHTS, inheriting)
            }
        };
        let mut bytes = [0; 24];
        let fields: [(usize, &[u8]); 4] =
            [(0, &[kind]), (2, &[flags.bits()]), (8, &base.to_le_bytes()), (16, &inheriting.to_le_bytes())];
        for (at, field) in fields {
            bytes.iter_mut().skip(at).zip(field).for_each(|(to, from)| *to = *from);
        }
        memory.store(stat, &bytes)
    })
}

/// All of them can be changed, as POSIX has it: they are kept here, and not by a system that takes some of them only as it opens.
pub(crate) fn fd_fdstat_set_flags(host: &mut Host, _: &mut [u8], fd: u32, flags: u32) -> HostResult {
    done(host, |host| {
        let flags = FileFlags::new(flags)?;
        match host.descriptors.find(fd)? {
            Descriptor::File(file) => {
                file.flags = flags;
                Ok(())
            }
            Descriptor::Directory(_) => Err(Errno::Isdir),
            Descriptor::Stdin | Descriptor::Output(_) => Err(Errno::Badf),
        }
    })
}

/// Rights cannot be taken away one by one any more; asking for what a descriptor has is fine.
pub(crate) fn fd_fdstat_set_rights(host: &mut Host, _: &mut [u8], fd: u32, _base: u64, _inheriting: u64) -> HostResult {
    done(host, |host| {
        host.descriptors.find(fd)?;
        Err(Errno::Notsup)
    })
}

fn stream_kind(streams: &Streams, stream: Stream) -> u8 {
    if streams.is_terminal(stream) { CHARACTER_DEVICE } else { UNKNOWN_KIND }
}

fn stream_stat(memory: &mut [u8], stat: u32, kind: u8) -> VfsResult<()> {
    store_stat(memory, stat, &nothing_known(FileKind::Other))?;
    memory.store(stat.checked_add(16).ok_or(Errno::Fault)?, &[kind])
}

pub(crate) fn fd_filestat_get(host: &mut Host, memory: &mut [u8], fd: u32, stat: u32) -> HostResult {
    done(host, |host| match host.descriptors.find(fd)? {
        Descriptor::Stdin => stream_stat(memory, stat, stream_kind(&host.streams, Stream::Stdin)),
        Descriptor::Output(stream) => stream_stat(memory, stat, stream_kind(&host.streams, *stream)),
        Descriptor::File(_) | Descriptor::Directory(_) => store_stat(memory, stat, &host.stat(fd)?),
    })
}

pub(crate) fn fd_filestat_set_size(host: &mut Host, _: &mut [u8], fd: u32, size: u64) -> HostResult {
    done(host, |host| host.set_size(fd, size))
}

pub(crate) fn fd_filestat_set_times(
    host: &mut Host,
    _: &mut [u8],
    fd: u32,
    accessed: u64,
    modified: u64,
    flags: u32,
) -> HostResult {
    done(host, |host| {
        let (accessed, modified) = times(accessed, modified, flags)?;
        host.set_times(fd, accessed, modified)
    })
}

pub(crate) fn fd_prestat_get(host: &mut Host, memory: &mut [u8], fd: u32, prestat: u32) -> HostResult {
    done(host, |host| {
        let name = preopen_name(host, fd)?;
        memory.store_u32(prestat, 0)?;
        memory.store_u32(prestat.checked_add(4).ok_or(Errno::Fault)?, u32::try_from(name.len()).unwrap_or(u32::MAX))
    })
}

pub(crate) fn fd_prestat_dir_name(host: &mut Host, memory: &mut [u8], fd: u32, path: u32, len: u32) -> HostResult {
    done(host, |host| {
        let name = preopen_name(host, fd)?;
        if name.len() > len as usize {
            return Err(Errno::Nametoolong);
        }
        memory.store(path, name.as_bytes())
    })
}

fn preopen_name(host: &mut Host, fd: u32) -> VfsResult<String> {
    match host.descriptors.find(fd)? {
        Descriptor::Directory(directory) if directory.preopen => {
            Ok(if directory.path.is_empty() { "/".to_owned() } else { directory.path.clone() })
        }
        _ => Err(Errno::Badf),
    }
}

pub(crate) fn fd_readdir(
    host: &mut Host,
    memory: &mut [u8],
    fd: u32,
    buffer: u32,
    len: u32,
    cookie: u64,
    used: u32,
) -> HostResult {
    host.count_bytes(len.into())?;
    done(host, |host| {
        host.descriptors.directory(fd)?;
        memory.slice(buffer, len)?;
        let (mut cursor, mut filled) = (cookie, 0u32);
        while filled < len {
            let entries = host.entries(fd, cursor)?;
            if entries.is_empty() {
                break;
            }
            for entry in entries {
                cursor = entry.next;
                filled = store_entry(memory, buffer, len, filled, &entry)?;
                if filled == len {
                    break;
                }
            }
        }
        memory.store_u32(used, filled)
    })
}

/// Appends one entry, cut off where the buffer ends, and gives back how full the buffer is.
fn store_entry(memory: &mut [u8], buffer: u32, len: u32, filled: u32, entry: &DirEntry) -> VfsResult<u32> {
    let name_len = u32::try_from(entry.name.len()).map_err(|_| Errno::Nametoolong)?;
    let bytes: Vec<u8> = [
        entry.next.to_le_bytes().as_slice(),
        &entry.inode.to_le_bytes(),
        &name_len.to_le_bytes(),
        &[file_type(entry.kind), 0, 0, 0],
        &entry.name,
    ]
    .concat();
    let room = (len - filled) as usize;
    let fitting = bytes.get(..room).unwrap_or(&bytes);
    memory.store(buffer.checked_add(filled).ok_or(Errno::Fault)?, fitting)?;
    Ok(filled + u32::try_from(fitting.len()).unwrap_or(u32::MAX))
}

pub(crate) fn fd_renumber(host: &mut Host, _: &mut [u8], from: u32, to: u32) -> HostResult {
    done(host, |host| host.descriptors.renumber(from, to))
}

pub(crate) fn fd_seek(
    host: &mut Host,
    memory: &mut [u8],
    fd: u32,
    offset: i64,
    whence: u32,
    position: u32,
) -> HostResult {
    done(host, |host| {
        let file = host.descriptors.file(fd)?;
        let base = match whence {
            0 => 0,
            1 => file.position,
            2 => file.file.stat()?.size,
            _ => return Err(Errno::Inval),
        };
        let target = base.checked_add_signed(offset).filter(|target| i64::try_from(*target).is_ok());
        file.position = target.ok_or(Errno::Inval)?;
        memory.store_u64(position, file.position)
    })
}

pub(crate) fn fd_tell(host: &mut Host, memory: &mut [u8], fd: u32, position: u32) -> HostResult {
    done(host, |host| {
        let file = host.descriptors.file(fd)?;
        memory.store_u64(position, file.position)
    })
}
