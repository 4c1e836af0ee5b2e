//! What can be asked of and done to an open descriptor besides reading and writing.

use super::{
    CHARACTER_DEVICE, Errno, FileKind, GuestMemory, Host, HostResult, Stat, UNKNOWN_KIND, VfsResult, done, file_type,
    store_stat, times,
};
use crate::host::{Streams, control::Stream};
use crate::{
    host::descriptors::{Descriptor, OpenDirectory, Place},
    vfs::DirEntry,
};

const APPEND: u32 = 1;
const NONBLOCK: u32 = 4;
const KNOWN_FLAGS: u32 = 0x1f;

/// Rights as preview 1 counts them. They are reported, as programs ask for them, and grant nothing.
const FILE_RIGHTS: u64 = 0x08e0_01ff;
const READ_RIGHT: u64 = 1 << 1;
const WRITE_RIGHTS: u64 = 1 << 6 | 1 << 8 | 1 << 22;
const DIRECTORY_RIGHTS: u64 = 0x07bf_fe10;
const STREAM_RIGHTS: u64 = 0x0820_0048;

pub(crate) fn fd_advise(host: &mut Host, _: &mut [u8], fd: u32, offset: u64, len: u64, advice: u32) -> HostResult {
    done(host, |host| {
        if advice > 5 || offset.checked_add(len).is_none_or(|end| i64::try_from(end).is_err()) {
            return Err(Errno::Inval);
        }
        // Advice is only that: there is nothing to do for any tree, and it changes no result.
        host.descriptors.file(fd).map(|_| ())
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
        let path = file.path.clone();
        host.record.modified(&path);
        Ok(())
    })
}

pub(crate) fn fd_close(host: &mut Host, _: &mut [u8], fd: u32) -> HostResult {
    done(host, |host| host.descriptors.close(fd))
}

pub(crate) fn fd_datasync(host: &mut Host, _: &mut [u8], fd: u32) -> HostResult {
    done(host, |host| sync(host, fd, true))
}

pub(crate) fn fd_sync(host: &mut Host, _: &mut [u8], fd: u32) -> HostResult {
    done(host, |host| sync(host, fd, false))
}

fn sync(host: &mut Host, fd: u32, data_only: bool) -> VfsResult<()> {
    match host.descriptors.find(fd)? {
        Descriptor::File(file) => file.file.sync(data_only),
        Descriptor::Directory(OpenDirectory { place: Place::Tree(tree), .. }) => tree.sync(),
        _ => Ok(()),
    }
}

pub(crate) fn fd_fdstat_get(host: &mut Host, memory: &mut [u8], fd: u32, stat: u32) -> HostResult {
    done(host, |host| {
        let (kind, flags, base, inheriting) = match host.descriptors.find(fd)? {
            Descriptor::Stdin => {
                let rights = STREAM_RIGHTS & !WRITE_RIGHTS | READ_RIGHT;
                (stream_kind(&host.streams, Stream::Stdin), 0, rights, 0)
            }
            Descriptor::Output(stream) => (stream_kind(&host.streams, *stream), APPEND, STREAM_RIGHTS, 0),
            Descriptor::File(file) => {
                let read = if file.read { FILE_RIGHTS } else { FILE_RIGHTS & !READ_RIGHT };
                let rights = if file.write { read } else { read & !WRITE_RIGHTS };
                (file_type(FileKind::File), if file.append { APPEND } else { 0 }, rights, 0)
            }
            Descriptor::Directory(_) => {
                (file_type(FileKind::Directory), 0, DIRECTORY_RIGHTS, DIRECTORY_RIGHTS | FILE_RIGHTS)
            }
        };
        let mut bytes = [0; 24];
        let fields: [(usize, &[u8]); 4] = [
            (0, &[kind]),
            (2, &(flags as u16).to_le_bytes()),
            (8, &base.to_le_bytes()),
            (16, &inheriting.to_le_bytes()),
        ];
        for (at, field) in fields {
            bytes.iter_mut().skip(at).zip(field).for_each(|(to, from)| *to = *from);
        }
        memory.store(stat, &bytes)
    })
}

pub(crate) fn fd_fdstat_set_flags(host: &mut Host, _: &mut [u8], fd: u32, flags: u32) -> HostResult {
    done(host, |host| {
        if flags & !KNOWN_FLAGS != 0 {
            return Err(Errno::Inval);
        }
        match host.descriptors.find(fd)? {
            Descriptor::File(_) if flags & !(APPEND | NONBLOCK) != 0 => Err(Errno::Notsup),
            Descriptor::File(file) => {
                file.append = flags & APPEND != 0;
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

/// What is known of a stream or of a directory above the mounts.
fn nothing_known(kind: FileKind) -> Stat {
    Stat { kind, inode: 0, device: 0, links: 1, size: 0, accessed: None, modified: None, changed: None }
}

pub(crate) fn fd_filestat_get(host: &mut Host, memory: &mut [u8], fd: u32, stat: u32) -> HostResult {
    done(host, |host| match host.descriptors.find(fd)? {
        Descriptor::Stdin => stream_stat(memory, stat, stream_kind(&host.streams, Stream::Stdin)),
        Descriptor::Output(stream) => stream_stat(memory, stat, stream_kind(&host.streams, *stream)),
        Descriptor::File(file) => store_stat(memory, stat, &file.file.stat()?),
        Descriptor::Directory(directory) => store_stat(memory, stat, &directory_stat(directory)?),
    })
}

pub(super) fn directory_stat(directory: &OpenDirectory) -> VfsResult<Stat> {
    match &directory.place {
        Place::Tree(tree) => tree.stat_self(),
        Place::Above => Ok(nothing_known(FileKind::Directory)),
    }
}

pub(super) fn above_stat() -> Stat {
    nothing_known(FileKind::Directory)
}

pub(crate) fn fd_filestat_set_size(host: &mut Host, _: &mut [u8], fd: u32, size: u64) -> HostResult {
    done(host, |host| {
        let file = host.descriptors.file(fd)?;
        if !file.write {
            return Err(Errno::Badf);
        }
        file.file.set_size(size)?;
        let path = file.path.clone();
        host.record.modified(&path);
        Ok(())
    })
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
        let (path, outcome) = match host.descriptors.find(fd)? {
            Descriptor::File(file) => (file.path.clone(), file.file.set_times(accessed, modified)),
            Descriptor::Directory(directory) => (
                directory.path.clone(),
                match &directory.place {
                    Place::Tree(tree) => tree.set_times_self(accessed, modified),
                    Place::Above => Err(Errno::Notcapable),
                },
            ),
            Descriptor::Stdin | Descriptor::Output(_) => return Err(Errno::Badf),
        };
        outcome.inspect_err(|errno| host.record.refused(*errno, "set times", &path, true))
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

/// Entries fetched from a tree at a time.
const ENTRIES: usize = 128;

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
        let directory = host.descriptors.directory(fd)?.clone();
        memory.slice(buffer, len)?;
        let (mut cursor, mut filled) = (cookie, 0u32);
        while filled < len {
            let entries = entries(host, &directory, cursor)?;
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

fn entries(host: &Host, directory: &OpenDirectory, cursor: u64) -> VfsResult<Vec<DirEntry>> {
    match &directory.place {
        Place::Tree(tree) => tree.entries(cursor, ENTRIES),
        Place::Above => {
            let names = host.descriptors.namespace().names_above(&directory.path);
            Ok(names.into_iter().skip(usize::try_from(cursor).unwrap_or(usize::MAX)).take(ENTRIES).collect())
        }
    }
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
