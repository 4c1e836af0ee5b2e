//! Arguments, environment, clocks, randomness, exit, and sockets that are not there.

use super::{Errno, GuestMemory, Host, HostResult, Step, Stop, VfsResult, done};
use crate::host::Wait;

const MONOTONIC: u32 = 1;

/// Random bytes that are made before it is looked whether the guest's time is up; a gigabyte takes seconds.
const RANDOM_PIECE: u32 = 1 << 20;

pub(crate) fn args_get(host: &mut Host, memory: &mut [u8], argv: u32, buffer: u32) -> HostResult {
    done(host, |host| store_strings(memory, &host.arguments, argv, buffer))
}

pub(crate) fn args_sizes_get(host: &mut Host, memory: &mut [u8], count: u32, size: u32) -> HostResult {
    done(host, |host| store_sizes(memory, &host.arguments, count, size))
}

pub(crate) fn environ_get(host: &mut Host, memory: &mut [u8], environ: u32, buffer: u32) -> HostResult {
    done(host, |host| store_strings(memory, &host.environment, environ, buffer))
}

pub(crate) fn environ_sizes_get(host: &mut Host, memory: &mut [u8], count: u32, size: u32) -> HostResult {
    done(host, |host| store_sizes(memory, &host.environment, count, size))
}

fn store_strings(memory: &mut [u8], strings: &[String], mut list: u32, mut buffer: u32) -> VfsResult<()> {
    for string in strings {
        memory.store_u32(list, buffer)?;
        list = list.checked_add(4).ok_or(Errno::Fault)?;
        memory.store(buffer, string.as_bytes())?;
        let end = buffer.checked_add(length(string)?).ok_or(Errno::Fault)?;
        memory.store(end, &[0])?;
        buffer = end.checked_add(1).ok_or(Errno::Fault)?;
    }
    Ok(())
}

fn store_sizes(memory: &mut [u8], strings: &[String], count: u32, size: u32) -> VfsResult<()> {
    let bytes: u64 = strings.iter().map(|string| string.len() as u64 + 1).sum();
    memory.store_u32(count, u32::try_from(strings.len()).map_err(|_| Errno::Overflow)?)?;
    memory.store_u32(size, u32::try_from(bytes).map_err(|_| Errno::Overflow)?)
}

fn length(string: &str) -> VfsResult<u32> {
    u32::try_from(string.len()).map_err(|_| Errno::Overflow)
}

/// Wall and monotonic clock; those of processes and threads would tell of the host.
fn known_clock(clock: u32) -> VfsResult<()> {
    match clock {
        0 | MONOTONIC => Ok(()),
        2 | 3 => Err(Errno::Badf),
        _ => Err(Errno::Inval),
    }
}

pub(crate) fn clock_res_get(host: &mut Host, memory: &mut [u8], clock: u32, resolution: u32) -> HostResult {
    done(host, |host| {
        known_clock(clock)?;
        memory.store_u64(resolution, host.clocks.resolution_ns())
    })
}

pub(crate) fn clock_time_get(host: &mut Host, memory: &mut [u8], clock: u32, _precision: u64, time: u32) -> HostResult {
    done(host, |host| {
        known_clock(clock)?;
        let now = if clock == MONOTONIC { host.clocks.monotonic_ns() } else { host.clocks.wall_ns() };
        memory.store_u64(time, now)
    })
}

pub(crate) fn random_get(host: &mut Host, memory: &mut [u8], buffer: u32, len: u32) -> HostResult {
    let begun = std::mem::take(&mut host.random_filled);
    if begun == 0 {
        host.count_call(len.into())?;
    }
    let end = begun.saturating_add(RANDOM_PIECE).min(len);
    let piece =
        memory.slice_mut(buffer, len).and_then(|whole| whole.get_mut(begun as usize..end as usize).ok_or(Errno::Fault));
    match piece.and_then(|piece| host.random.fill(piece)) {
        Ok(()) if end < len => {
            host.random_filled = end;
            Ok(Step::Wait(Wait::moment()))
        }
        done => Ok(Step::Done(done)),
    }
}

pub(crate) fn proc_exit(_: &mut Host, _: &mut [u8], code: u32) -> HostResult {
    Err(Stop::Exit(code as i32))
}

pub(crate) fn proc_raise(host: &mut Host, _: &mut [u8], _signal: u32) -> HostResult {
    done(host, |_| Err(Errno::Notsup))
}

pub(crate) fn sched_yield(host: &mut Host, _: &mut [u8]) -> HostResult {
    done(host, |_| Ok(()))
}

/// Nothing a guest has here is a socket.
fn no_socket(host: &mut Host, operation: &str, fd: u32) -> HostResult {
    done(host, |host| {
        host.descriptors.find(fd)?;
        host.refuse_network(operation, &format!("descriptor {fd}"));
        Err(Errno::Notsock)
    })
}

pub(crate) fn sock_accept(host: &mut Host, _: &mut [u8], fd: u32, _flags: u32, _accepted: u32) -> HostResult {
    no_socket(host, "accept", fd)
}

pub(crate) fn sock_recv(
    host: &mut Host,
    _: &mut [u8],
    fd: u32,
    _buffers: u32,
    _count: u32,
    _flags: u32,
    _received: u32,
    _out_flags: u32,
) -> HostResult {
    no_socket(host, "receive", fd)
}

pub(crate) fn sock_send(
    host: &mut Host,
    _: &mut [u8],
    fd: u32,
    _buffers: u32,
    _count: u32,
    _flags: u32,
    _sent: u32,
) -> HostResult {
    no_socket(host, "send", fd)
}

pub(crate) fn sock_shutdown(host: &mut Host, _: &mut [u8], fd: u32, _how: u32) -> HostResult {
    no_socket(host, "shutdown", fd)
}
