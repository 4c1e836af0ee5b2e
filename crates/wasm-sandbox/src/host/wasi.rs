//! WASI preview 1, all of it. Every function takes the host, the guest's memory and raw numbers, so that any engine can link
//! it; [`for_each_wasi_function`] is the one list that engines link from.

#![expect(clippy::too_many_arguments, reason = "the parameters are the specification's")]

mod descriptor;
mod environment;
mod path;
mod poll;
mod stream;

pub(crate) use self::{descriptor::*, environment::*, path::*, poll::*, stream::*};
use super::{Host, HostResult, Step, Stop, memory::GuestMemory};
use crate::vfs::{Errno, FileKind, SetTime, Stat, VfsResult};

/// Calls a macro with every function of preview 1: `now` functions are done when they return, `waits` functions may answer
/// [`Step::Wait`], `exits` functions never return to the guest.
macro_rules! for_each_wasi_function {
    ($each:ident) => {
        $each! {
            now args_get(argv: u32, buffer: u32);
            now args_sizes_get(count: u32, size: u32);
            now environ_get(environ: u32, buffer: u32);
            now environ_sizes_get(count: u32, size: u32);
            now clock_res_get(clock: u32, resolution: u32);
            now clock_time_get(clock: u32, precision: u64, time: u32);
            now fd_advise(fd: u32, offset: u64, len: u64, advice: u32);
            now fd_allocate(fd: u32, offset: u64, len: u64);
            now fd_close(fd: u32);
            now fd_datasync(fd: u32);
            now fd_fdstat_get(fd: u32, stat: u32);
            now fd_fdstat_set_flags(fd: u32, flags: u32);
            now fd_fdstat_set_rights(fd: u32, base: u64, inheriting: u64);
            now fd_filestat_get(fd: u32, stat: u32);
            now fd_filestat_set_size(fd: u32, size: u64);
            now fd_filestat_set_times(fd: u32, accessed: u64, modified: u64, flags: u32);
            waits fd_pread(fd: u32, buffers: u32, count: u32, offset: u64, read: u32);
            now fd_prestat_get(fd: u32, prestat: u32);
            now fd_prestat_dir_name(fd: u32, path: u32, len: u32);
            waits fd_pwrite(fd: u32, buffers: u32, count: u32, offset: u64, written: u32);
            waits fd_read(fd: u32, buffers: u32, count: u32, read: u32);
            now fd_readdir(fd: u32, buffer: u32, len: u32, cookie: u64, used: u32);
            now fd_renumber(from: u32, to: u32);
            now fd_seek(fd: u32, offset: i64, whence: u32, position: u32);
            now fd_sync(fd: u32);
            now fd_tell(fd: u32, position: u32);
            waits fd_write(fd: u32, buffers: u32, count: u32, written: u32);
            now path_create_directory(fd: u32, path: u32, len: u32);
            now path_filestat_get(fd: u32, flags: u32, path: u32, len: u32, stat: u32);
            now path_filestat_set_times(fd: u32, flags: u32, path: u32, len: u32, accessed: u64, modified: u64, set: u32);
            now path_link(fd: u32, flags: u32, path: u32, len: u32, to_fd: u32, to: u32, to_len: u32);
            now path_open(fd: u32, lookup: u32, path: u32, len: u32, open: u32, rights: u64, inheriting: u64, flags: u32, opened: u32);
            now path_readlink(fd: u32, path: u32, len: u32, buffer: u32, buffer_len: u32, used: u32);
            now path_remove_directory(fd: u32, path: u32, len: u32);
            now path_rename(fd: u32, path: u32, len: u32, to_fd: u32, to: u32, to_len: u32);
            now path_symlink(target: u32, target_len: u32, fd: u32, path: u32, len: u32);
            now path_unlink_file(fd: u32, path: u32, len: u32);
            waits poll_oneoff(subscriptions: u32, events: u32, count: u32, happened: u32);
            exits proc_exit(code: u32);
            now proc_raise(signal: u32);
            waits random_get(buffer: u32, len: u32);
            now sched_yield();
            now sock_accept(fd: u32, flags: u32, accepted: u32);
            now sock_recv(fd: u32, buffers: u32, count: u32, flags: u32, received: u32, out_flags: u32);
            now sock_send(fd: u32, buffers: u32, count: u32, flags: u32, sent: u32);
            now sock_shutdown(fd: u32, how: u32);
        }
    };
}
pub(crate) use for_each_wasi_function;

/// Counts the call and does `work`, whose errno is the guest's answer.
fn done(host: &mut Host, work: impl FnOnce(&mut Host) -> VfsResult<()>) -> HostResult {
    host.count_call(0)?;
    Ok(Step::Done(work(host)))
}

/// The number of a file type.
fn file_type(kind: FileKind) -> u8 {
    match kind {
        FileKind::Other => 0,
        FileKind::Directory => 3,
        FileKind::File => 4,
        FileKind::Symlink => 7,
    }
}

/// The numbers of the standard streams' kinds: a terminal is a character device, a pipe or a buffer is nothing that has a name.
const CHARACTER_DEVICE: u8 = 2;
const UNKNOWN_KIND: u8 = 0;

/// Writes a `filestat`.
fn store_stat(memory: &mut [u8], pointer: u32, stat: &Stat) -> VfsResult<()> {
    let nanos = |time: Option<std::time::SystemTime>| {
        let since = time.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok()).unwrap_or_default();
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    };
    let numbers = [
        stat.device,
        stat.inode,
        u64::from(file_type(stat.kind)),
        stat.links,
        stat.size,
        nanos(stat.accessed),
        nanos(stat.modified),
        nanos(stat.changed),
    ];
    for (index, number) in (0u32..).zip(numbers) {
        memory.store_u64(pointer.checked_add(index * 8).ok_or(Errno::Fault)?, number)?;
    }
    Ok(())
}

/// Reads the two times and flags of the `set_times` functions.
fn times(accessed: u64, modified: u64, flags: u32) -> VfsResult<(SetTime, SetTime)> {
    let one = |nanos: u64, to: u32, now: u32| match (flags & to != 0, flags & now != 0) {
        (true, true) => Err(Errno::Inval),
        (true, false) => {
            let time = std::time::UNIX_EPOCH.checked_add(std::time::Duration::from_nanos(nanos));
            time.map(SetTime::To).ok_or(Errno::Overflow)
        }
        (false, true) => Ok(SetTime::Now),
        (false, false) => Ok(SetTime::Keep),
    };
    if flags & !0xf != 0 {
        return Err(Errno::Inval);
    }
    Ok((one(accessed, 1, 2)?, one(modified, 4, 8)?))
}
