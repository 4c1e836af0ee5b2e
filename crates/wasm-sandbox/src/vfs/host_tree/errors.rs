//! The kernel's numbers and times as ours.

use std::time::{Duration, SystemTime};

use rustix::{
    fs::{FileType, RawDirEntry, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT},
    io::Errno as System,
};

use crate::vfs::{DirEntry, Errno, FileKind, SetTime, Stat, VfsResult};

/// What failed when a path was resolved: leaving the tree is not a matter of devices.
pub(in crate::vfs) fn resolution(error: System) -> Errno {
    if error == System::XDEV { Errno::Notcapable } else { errno(error) }
}

pub(in crate::vfs) fn errno(error: System) -> Errno {
    match error {
        System::ACCESS => Errno::Acces,
        System::AGAIN => Errno::Again,
        System::BADF => Errno::Badf,
        System::BUSY => Errno::Busy,
        System::DQUOT => Errno::Dquot,
        System::EXIST => Errno::Exist,
        System::FBIG => Errno::Fbig,
        System::ILSEQ => Errno::Ilseq,
        System::INTR => Errno::Intr,
        System::INVAL => Errno::Inval,
        System::ISDIR => Errno::Isdir,
        System::LOOP => Errno::Loop,
        System::MFILE => Errno::Mfile,
        System::MLINK => Errno::Mlink,
        System::NAMETOOLONG => Errno::Nametoolong,
        System::NFILE => Errno::Nfile,
        System::NODEV => Errno::Nodev,
        System::NOENT => Errno::Noent,
        System::NOMEM => Errno::Nomem,
        System::NOSPC => Errno::Nospc,
        System::NOTDIR => Errno::Notdir,
        System::NOTEMPTY => Errno::Notempty,
        System::NOTSUP => Errno::Notsup,
        System::NXIO => Errno::Nxio,
        System::OVERFLOW => Errno::Overflow,
        System::PERM => Errno::Acces,
        System::PIPE => Errno::Pipe,
        System::ROFS => Errno::Rofs,
        System::SPIPE => Errno::Spipe,
        System::STALE => Errno::Stale,
        System::TXTBSY => Errno::Txtbsy,
        System::XDEV => Errno::Xdev,
        _ => Errno::Io,
    }
}

pub(in crate::vfs) fn kind(kind: FileType) -> FileKind {
    match kind {
        FileType::Directory => FileKind::Directory,
        FileType::RegularFile => FileKind::File,
        FileType::Symlink => FileKind::Symlink,
        _ => FileKind::Other,
    }
}

pub(in crate::vfs) fn stat(stat: &rustix::fs::Stat) -> Stat {
    Stat {
        kind: kind(FileType::from_raw_mode(stat.st_mode)),
        inode: stat.st_ino,
        device: stat.st_dev,
        links: stat.st_nlink,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        accessed: time(stat.st_atime, stat.st_atime_nsec),
        modified: time(stat.st_mtime, stat.st_mtime_nsec),
        changed: time(stat.st_ctime, stat.st_ctime_nsec),
    }
}

/// One entry of a listing. What `..` is, above the tree, is none of the guest's business.
pub(super) fn entry(entry: &RawDirEntry<'_>) -> DirEntry {
    let name = entry.file_name().to_bytes();
    let inode = if matches!(name, b"." | b"..") { 0 } else { entry.ino() };
    DirEntry { name: name.to_vec(), kind: kind(entry.file_type()), inode, next: entry.next_entry_cookie() }
}

fn time(seconds: i64, nanos: u64) -> Option<SystemTime> {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let base = if seconds >= 0 {
        SystemTime::UNIX_EPOCH.checked_add(whole)
    } else {
        SystemTime::UNIX_EPOCH.checked_sub(whole)
    };
    base?.checked_add(Duration::from_nanos(nanos))
}

pub(in crate::vfs) fn timestamps(accessed: SetTime, modified: SetTime) -> VfsResult<Timestamps> {
    Ok(Timestamps { last_access: timespec(accessed)?, last_modification: timespec(modified)? })
}

fn timespec(time: SetTime) -> VfsResult<Timespec> {
    match time {
        SetTime::Keep => Ok(Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT }),
        SetTime::Now => Ok(Timespec { tv_sec: 0, tv_nsec: UTIME_NOW }),
        SetTime::To(time) => {
            let since = time.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| Errno::Overflow)?;
            let tv_sec = i64::try_from(since.as_secs()).map_err(|_| Errno::Overflow)?;
            Ok(Timespec { tv_sec, tv_nsec: since.subsec_nanos().into() })
        }
    }
}
