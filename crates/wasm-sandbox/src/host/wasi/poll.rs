//! Waiting: for a clock, or until a descriptor can be read or written.

use std::time::Instant;

use super::{Errno, GuestMemory, Host, HostResult, Step, VfsResult};
use crate::host::{Wait, clock::Sleep, control::Stream, descriptors::Descriptor};

const SUBSCRIPTION: u32 = 48;
const EVENT: u32 = 32;

/// Subscriptions of one call that are accepted.
const MAX_SUBSCRIPTIONS: u32 = 4096;

/// What a guest waits for.
enum Kind {
    Clock(Sleep),
    Read(u32),
    Write(u32),
}

/// Something that happened, before it is written.
struct Event {
    userdata: u64,
    error: u16,
    kind: u8,
    bytes: u64,
}

pub(crate) fn poll_oneoff(
    host: &mut Host,
    memory: &mut [u8],
    subscriptions: u32,
    events: u32,
    count: u32,
    happened: u32,
) -> HostResult {
    if host.sleeping_since.is_none() {
        host.count_call(u64::from(count) * u64::from(SUBSCRIPTION))?;
    }
    match poll(host, memory, subscriptions, events, count) {
        Ok(Ok(ready)) => {
            host.sleeping_since = None;
            Ok(Step::Done(memory.store_u32(happened, ready)))
        }
        Ok(Err(wait)) => Ok(Step::Wait(wait)),
        Err(errno) => {
            host.sleeping_since = None;
            Ok(Step::Done(Err(errno)))
        }
    }
}

/// The number of events written, or what to wait for first.
fn poll(
    host: &mut Host,
    memory: &mut [u8],
    subscriptions: u32,
    events: u32,
    count: u32,
) -> VfsResult<Result<u32, Wait>> {
    if count == 0 || count > MAX_SUBSCRIPTIONS {
        return Err(Errno::Inval);
    }
    let now = Instant::now();
    // A relative sleep is counted from the first attempt, not from this one.
    let since = host.sleeping_since.unwrap_or(now);
    let (mut ready, mut nearest, mut stdin) = (Vec::new(), None::<Instant>, false);
    for index in 0..count {
        let at =
            index.checked_mul(SUBSCRIPTION).and_then(|offset| subscriptions.checked_add(offset)).ok_or(Errno::Fault)?;
        let userdata = memory.load_u64(at)?;
        match subscription(memory, at)? {
            Kind::Clock(sleep) => match host.clocks.sleep_end(sleep, since, now) {
                None => ready.push(Event { userdata, error: 0, kind: 0, bytes: 0 }),
                Some(end) if end <= now => ready.push(Event { userdata, error: 0, kind: 0, bytes: 0 }),
                Some(end) => nearest = Some(nearest.map_or(end, |nearest| nearest.min(end))),
            },
            Kind::Read(fd) => match readable(host, fd) {
                Readable::Now(bytes) => ready.push(Event { userdata, error: 0, kind: 1, bytes }),
                Readable::Later => stdin = true,
                Readable::Never(errno) => ready.push(Event { userdata, error: errno as u16, kind: 1, bytes: 0 }),
            },
            Kind::Write(fd) => {
                let error = match host.descriptors.find(fd) {
                    Ok(Descriptor::Output(_) | Descriptor::File(_)) => 0,
                    Ok(_) | Err(_) => Errno::Badf as u16,
                };
                ready.push(Event { userdata, error, kind: 2, bytes: 65_536 });
            }
        }
    }
    if ready.is_empty() {
        host.sleeping_since = Some(since);
        return Ok(Err(Wait { until: nearest, stream: stdin.then_some(Stream::Stdin), event: None }));
    }
    for (index, event) in (0u32..).zip(&ready) {
        store_event(memory, events, index, event)?;
    }
    u32::try_from(ready.len()).map(Ok).map_err(|_| Errno::Overflow)
}

fn subscription(memory: &[u8], at: u32) -> VfsResult<Kind> {
    let field = |offset: u32| at.checked_add(offset).ok_or(Errno::Fault);
    match memory.load_u8(field(8)?)? {
        0 => {
            let timeout = memory.load_u64(field(24)?)?;
            let absolute = memory.load_u16(field(40)?)? & 1 != 0;
            match (memory.load_u32(field(16)?)?, absolute) {
                (0 | 1, false) => Ok(Kind::Clock(Sleep::For(timeout))),
                (0, true) => Ok(Kind::Clock(Sleep::UntilWall(timeout))),
                (1, true) => Ok(Kind::Clock(Sleep::UntilMonotonic(timeout))),
                _ => Err(Errno::Inval),
            }
        }
        1 => Ok(Kind::Read(memory.load_u32(field(16)?)?)),
        2 => Ok(Kind::Write(memory.load_u32(field(16)?)?)),
        _ => Err(Errno::Inval),
    }
}

/// Whether something can be read.
enum Readable {
    Now(u64),
    Later,
    Never(Errno),
}

fn readable(host: &mut Host, fd: u32) -> Readable {
    match host.descriptors.find(fd) {
        Ok(Descriptor::Stdin) if host.streams.ready(Stream::Stdin) => Readable::Now(1),
        Ok(Descriptor::Stdin) => Readable::Later,
        Ok(Descriptor::File(file)) => match file.file.stat() {
            Ok(stat) => Readable::Now(stat.size.saturating_sub(file.position)),
            Err(errno) => Readable::Never(errno),
        },
        Ok(_) | Err(_) => Readable::Never(Errno::Badf),
    }
}

fn store_event(memory: &mut [u8], events: u32, index: u32, event: &Event) -> VfsResult<()> {
    let at = index.checked_mul(EVENT).and_then(|offset| events.checked_add(offset)).ok_or(Errno::Fault)?;
    let bytes: Vec<u8> = [
        event.userdata.to_le_bytes().as_slice(),
        &event.error.to_le_bytes(),
        &[event.kind, 0, 0, 0, 0, 0],
        &event.bytes.to_le_bytes(),
        &[0; 8],
    ]
    .concat();
    memory.store(at, &bytes)
}
