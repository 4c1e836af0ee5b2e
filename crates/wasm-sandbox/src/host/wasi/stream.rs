//! Reading and writing: files, and the standard streams.

use super::{Errno, GuestMemory, Host, HostResult, Step, Stop, VfsResult};
use crate::host::{
    control::Stream,
    descriptors::{Descriptor, FileFlags, OpenFile},
};

/// Bytes of a file that one call reads at most, as POSIX lets it: buffers may overlap, so that a list of them could ask for a
/// thousand times the memory.
const MAX_READ: usize = 16 << 20;

/// What moving bytes came to.
type Moved = VfsResult<Step<u32>>;

pub(crate) fn fd_read(host: &mut Host, memory: &mut [u8], fd: u32, buffers: u32, count: u32, read: u32) -> HostResult {
    host.count_call(0)?;
    let moved = match host.descriptors.find(fd) {
        Ok(Descriptor::Stdin) => read_stdin(host, memory, buffers, count),
        Ok(Descriptor::File(file)) => read_file(file, memory, buffers, count, None),
        Ok(Descriptor::Directory(_)) => Err(Errno::Isdir),
        Ok(Descriptor::Output(_)) | Err(_) => Err(Errno::Badf),
    };
    finish_read(host, memory, moved, read)
}

pub(crate) fn fd_pread(
    host: &mut Host,
    memory: &mut [u8],
    fd: u32,
    buffers: u32,
    count: u32,
    offset: u64,
    read: u32,
) -> HostResult {
    host.count_call(0)?;
    let moved = host.descriptors.file(fd).and_then(|file| read_file(file, memory, buffers, count, Some(offset)));
    finish_read(host, memory, moved, read)
}

pub(crate) fn fd_write(
    host: &mut Host,
    memory: &mut [u8],
    fd: u32,
    buffers: u32,
    count: u32,
    written: u32,
) -> HostResult {
    host.count_call(0)?;
    let moved = match host.descriptors.find(fd) {
        Ok(Descriptor::Output(stream)) => {
            let stream = *stream;
            write_stream(host, memory, stream, buffers, count)?
        }
        Ok(Descriptor::File(_)) => write_file(host, fd, memory, buffers, count, None),
        Ok(Descriptor::Directory(_)) => Err(Errno::Isdir),
        Ok(Descriptor::Stdin) | Err(_) => Err(Errno::Badf),
    };
    finish_write(host, memory, moved, written)
}

pub(crate) fn fd_pwrite(
    host: &mut Host,
    memory: &mut [u8],
    fd: u32,
    buffers: u32,
    count: u32,
    offset: u64,
    written: u32,
) -> HostResult {
    host.count_call(0)?;
    let moved = write_file(host, fd, memory, buffers, count, Some(offset));
    finish_write(host, memory, moved, written)
}

fn finish_read(host: &mut Host, memory: &mut [u8], moved: Moved, pointer: u32) -> HostResult {
    if let Ok(Step::Done(bytes)) = moved {
        host.usage.bytes_read += u64::from(bytes);
        host.count_bytes(bytes.into())?;
    }
    finish(memory, moved, pointer)
}

fn finish_write(host: &mut Host, memory: &mut [u8], moved: Moved, pointer: u32) -> HostResult {
    if let Ok(Step::Done(bytes)) = moved {
        host.usage.bytes_written += u64::from(bytes);
        host.count_bytes(bytes.into())?;
    }
    finish(memory, moved, pointer)
}

fn finish(memory: &mut [u8], moved: Moved, pointer: u32) -> HostResult {
    match moved {
        Ok(Step::Done(bytes)) => Ok(Step::Done(memory.store_u32(pointer, bytes))),
        Ok(Step::Wait(wait)) => Ok(Step::Wait(wait)),
        Err(errno) => Ok(Step::Done(Err(errno))),
    }
}

fn read_stdin(host: &mut Host, memory: &mut [u8], buffers: u32, count: u32) -> Moved {
    let mut index = 0;
    while let Some((pointer, len)) = memory.buffer(buffers, count, index)? {
        // One buffer that is not empty is enough: a stream gives what it has.
        if len > 0 {
            return match host.streams.read(memory.slice_mut(pointer, len)?)? {
                Step::Done(len) => Ok(Step::Done(u32::try_from(len).unwrap_or(u32::MAX))),
                Step::Wait(wait) => Ok(Step::Wait(wait)),
            };
        }
        index += 1;
    }
    Ok(Step::Done(0))
}

fn read_file(file: &mut OpenFile, memory: &mut [u8], buffers: u32, count: u32, at: Option<u64>) -> Moved {
    let mut offset = at.unwrap_or(file.position);
    file.check_read(offset)?;
    let (mut index, mut total) = (0, 0usize);
    while let Some((pointer, len)) = memory.buffer(buffers, count, index)? {
        let whole = memory.slice_mut(pointer, len)?;
        let most = whole.len().min(MAX_READ.saturating_sub(total));
        let read = match file.read_at(whole.get_mut(..most).unwrap_or_default(), offset) {
            Ok(Step::Done(read)) => read,
            Ok(Step::Wait(wait)) if total == 0 => return Ok(Step::Wait(wait)),
            Err(errno) if total == 0 => return Err(errno),
            Ok(Step::Wait(_)) | Err(_) => break,
        };
        offset = offset.checked_add(read as u64).ok_or(Errno::Overflow)?;
        total = total.saturating_add(read);
        if read < len as usize {
            break;
        }
        index += 1;
    }
    if at.is_none() {
        file.position = offset;
    }
    u32::try_from(total).map(Step::Done).map_err(|_| Errno::Overflow)
}

fn write_file(host: &mut Host, fd: u32, memory: &[u8], buffers: u32, count: u32, at: Option<u64>) -> Moved {
    let file = host.descriptors.file(fd)?;
    if !file.write {
        return Err(Errno::Badf);
    }
    let mut offset = at.unwrap_or(file.position);
    let (mut index, mut total) = (0, 0usize);
    while let Some((pointer, len)) = memory.buffer(buffers, count, index)? {
        let bytes = memory.slice(pointer, len)?;
        let place = if file.flags.has(FileFlags::APPEND) && at.is_none() { None } else { Some(offset) };
        let (written, end) = match file.write(bytes, place) {
            Ok(outcome) => outcome,
            Err(errno) if total == 0 => return Err(errno),
            Err(_) => break,
        };
        offset = end;
        total = total.saturating_add(written);
        if written < bytes.len() {
            break;
        }
        index += 1;
    }
    if at.is_none() {
        file.position = offset;
    }
    host.note_written(fd, total)?;
    Ok(Step::Done(u32::try_from(total).unwrap_or(u32::MAX)))
}

/// Writes to stdout or stderr; the limit on output ends the guest.
fn write_stream(host: &mut Host, memory: &[u8], stream: Stream, buffers: u32, count: u32) -> Result<Moved, Stop> {
    let (mut index, mut total) = (0, 0u32);
    loop {
        let (pointer, len) = match memory.buffer(buffers, count, index) {
            Ok(Some(buffer)) => buffer,
            Ok(None) => return Ok(Ok(Step::Done(total))),
            Err(errno) => return Ok(Err(errno)),
        };
        let bytes = match memory.slice(pointer, len) {
            Ok(bytes) => bytes,
            Err(errno) => return Ok(Err(errno)),
        };
        match host.streams.write(stream, bytes)? {
            Ok(Step::Done(written)) => {
                host.usage.output_bytes += written as u64;
                total = total.saturating_add(u32::try_from(written).unwrap_or(u32::MAX));
                if written < bytes.len() {
                    return Ok(Ok(Step::Done(total)));
                }
            }
            Ok(Step::Wait(wait)) if total == 0 => return Ok(Ok(Step::Wait(wait))),
            Ok(Step::Wait(_)) => return Ok(Ok(Step::Done(total))),
            Err(errno) if total == 0 => return Ok(Err(errno)),
            Err(_) => return Ok(Ok(Step::Done(total))),
        }
        index += 1;
    }
}
