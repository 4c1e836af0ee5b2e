//! Fuzz targets of the host: each takes any bytes, and panics when something that must hold does not.

#![allow(missing_docs, clippy::expect_used, clippy::panic, reason = "a property that does not hold is a panic")]

mod arguments;
mod handles;
pub mod http;
pub mod tools;
mod world;

use std::time::{Duration, Instant};

use arbitrary::{Result, Unstructured};
use wasm_sandbox_policy::{ClockPolicy, RandomPolicy};

use self::world::World;
use super::{
    clock::{Clocks, Sleep},
    memory::GuestMemory,
    random::Random,
    record::Record,
};
use crate::{fuzzing::change, vfs::Errno};

/// Calls of one sequence at most.
const MAX_STEPS: usize = 64;

/// A sequence of calls to those functions of preview 1 whose names `wanted` accepts.
fn calls(data: &[u8], wanted: impl Fn(&str) -> bool) {
    let mut input = Unstructured::new(data);
    let mut world = World::new(&mut input, wanted);
    for _ in 0..MAX_STEPS {
        if input.is_empty() || world.step(&mut input).is_err() {
            break;
        }
    }
    world.check_end();
}

/// Descriptors and what can be asked of and done to them.
pub fn descriptor(data: &[u8]) {
    let streams = ["fd_read", "fd_pread", "fd_write", "fd_pwrite"];
    calls(data, |name| name.starts_with("fd_") && !streams.contains(&name) || name == "path_open");
}

/// Reading and writing files and the standard streams.
pub fn stream(data: &[u8]) {
    let beside = ["path_open", "fd_seek", "fd_fdstat_set_flags", "fd_filestat_set_size"];
    calls(data, |name| name.ends_with("read") || name.ends_with("write") || beside.contains(&name));
}

/// Everything that begins with a path.
pub fn path(data: &[u8]) {
    calls(data, |name| name.starts_with("path_") || matches!(name, "fd_readdir" | "fd_close"));
}

/// Waiting.
pub fn poll(data: &[u8]) {
    calls(data, |name| matches!(name, "poll_oneoff" | "path_open" | "fd_read"));
}

/// Arguments, environment, exit and sockets.
pub fn environment(data: &[u8]) {
    calls(data, |name| {
        ["args_", "environ_", "proc_", "sched_", "sock_", "random_", "clock_"].iter().any(|area| name.starts_with(area))
    });
}

/// Every function, in any order.
pub fn wasi(data: &[u8]) {
    calls(data, |_| true);
}

/// WASI 0.2: streams, pollables, listings and errors beside descriptors.
pub fn wasi2(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let mut guest = handles::Guest::new(&mut input);
    for _ in 0..MAX_STEPS {
        if input.is_empty() || guest.step(&mut input).is_err() {
            break;
        }
    }
    guest.end();
}

/// Snapshots behind their seal, as they were taken and with what a liar has changed: refused, or a host that holds what every
/// host does, whatever the guest does next.
pub fn snapshot(data: &[u8]) {
    let _ = snapshot_of(data);
}

fn snapshot_of(data: &[u8]) -> Result<()> {
    let mut input = Unstructured::new(data);
    let mut world = World::new(&mut input, |_| true);
    for _ in 0..input.int_in_range(0..=8)? {
        world.step(&mut input)?;
    }
    let sound = world.saved();
    let mut bytes = sound.clone();
    for _ in 0..input.int_in_range(0..=3)? {
        bytes = change(&mut input, &bytes)?;
    }
    let restored = World::restored(&mut Unstructured::new(data), &bytes);
    assert!(bytes != sound || restored.is_some(), "what was taken is refused");
    let Some(mut world) = restored else { return Ok(()) };
    let _ = world.saved();
    for _ in 0..MAX_STEPS {
        if input.is_empty() || world.step(&mut input).is_err() {
            break;
        }
    }
    world.check_end();
    Ok(())
}

/// Clocks under every policy.
pub fn clock(data: &[u8]) {
    let _ = clock_of(&mut Unstructured::new(data));
}

fn clock_of(input: &mut Unstructured<'_>) -> Result<()> {
    let number = input.arbitrary::<u64>()?;
    let policy = match input.int_in_range(0..=2)? {
        0 => ClockPolicy::Real,
        1 => ClockPolicy::Coarse(Duration::from_nanos(number)),
        _ => ClockPolicy::Frozen { unix_ns: number },
    };
    let now = Instant::now();
    let since = now.checked_sub(Duration::from_nanos(input.arbitrary::<u32>()?.into())).unwrap_or(now);
    let clocks = Clocks::new(policy, since);
    let (wall, monotonic, step) = (clocks.wall_ns(), clocks.monotonic_ns(), clocks.resolution_ns());
    match policy {
        ClockPolicy::Frozen { unix_ns } => assert_eq!((wall, monotonic), (unix_ns, 1)),
        _ => assert_eq!((wall % step, monotonic % step), (0, 0), "finer than {step}"),
    }
    for _ in 0..8 {
        let at = input.arbitrary::<u64>()?;
        let sleep = match input.int_in_range(0..=2)? {
            0 => Sleep::For(at),
            1 => Sleep::UntilWall(at),
            _ => Sleep::UntilMonotonic(at),
        };
        let end = clocks.sleep_end(sleep, since, now);
        let frozen = matches!(policy, ClockPolicy::Frozen { .. });
        assert!(frozen == end.is_none(), "{sleep:?} ends at {end:?}");
        assert!(end.is_none_or(|end| end >= since), "{sleep:?} ends before it begins");
    }
    Ok(())
}

/// The guest's memory, beside the same accesses in arithmetic that cannot overflow.
pub fn memory(data: &[u8]) {
    let _ = memory_of(&mut Unstructured::new(data));
}

fn memory_of(input: &mut Unstructured<'_>) -> Result<()> {
    let mut memory = vec![0u8; input.int_in_range(0..=512)?];
    while !input.is_empty() {
        let size = memory.len() as u64;
        let (pointer, len) = (arguments::pointer(input, memory.len())?, arguments::length(input, memory.len())?);
        let inside = |len: u64| u64::from(pointer) + len <= size;
        match input.int_in_range(0..=4)? {
            0 => assert_eq!(memory.slice(pointer, len).is_ok(), inside(len.into())),
            1 => assert_eq!(memory.load_u64(pointer).is_ok(), inside(8)),
            2 => {
                let before = memory.clone();
                let bytes = vec![input.arbitrary()?; len.min(64) as usize];
                let stored = memory.store(pointer, &bytes);
                assert_eq!(stored.is_ok(), inside(bytes.len() as u64));
                let outside =
                    |at: usize| (at as u64) < pointer.into() || at as u64 >= u64::from(pointer) + bytes.len() as u64;
                let changed = memory
                    .iter()
                    .zip(&before)
                    .enumerate()
                    .any(|(at, (now, before))| now != before && (stored.is_err() || outside(at)));
                assert!(!changed, "a store of {} at {pointer} went elsewhere", bytes.len());
            }
            3 => {
                if let Ok(path) = memory.path(pointer, len) {
                    assert!(inside(len.into()) && path.len() == len as usize);
                }
            }
            _ => {
                let (count, index) = (input.arbitrary()?, input.arbitrary()?);
                if let Ok(Some(_)) = memory.buffer(pointer, count, index) {
                    assert!(index < count && u64::from(pointer) + u64::from(index) * 8 + 8 <= size);
                }
            }
        }
    }
    Ok(())
}

/// Random numbers: the same seed gives the same, however they are asked for.
pub fn random(data: &[u8]) {
    let _ = random_of(&mut Unstructured::new(data));
}

fn random_of(input: &mut Unstructured<'_>) -> Result<()> {
    let seed = input.arbitrary()?;
    let (mut first, mut second) = (Random::new(RandomPolicy::Seeded(seed)), Random::new(RandomPolicy::Seeded(seed)));
    let mut secure = Random::new(RandomPolicy::Secure);
    while !input.is_empty() {
        let len = input.int_in_range(0..=4096)?;
        let (mut a, mut b, mut c) = (vec![0; len], vec![0; len], vec![0; len]);
        assert_eq!(first.fill(&mut a), Ok(()));
        assert_eq!(second.fill(&mut b), Ok(()));
        assert_eq!(secure.fill(&mut c), Ok(()));
        assert_eq!(a, b);
        // Thirty-two equal bytes by chance do not happen.
        assert!(len < 32 || (a != c && c.iter().any(|byte| *byte != 0)));
    }
    Ok(())
}

/// The account of a run, whatever it is told.
pub fn record(data: &[u8]) {
    let _ = record_of(&mut Unstructured::new(data));
}

fn record_of(input: &mut Unstructured<'_>) -> Result<()> {
    let mut record = Record::default();
    while !input.is_empty() {
        let (path, other) = (arguments::path_text(input)?, arguments::path_text(input)?);
        match input.int_in_range(0..=5)? {
            0 => record.created(&path),
            1 => record.modified(&path),
            2 => record.deleted(&path),
            3 => record.renamed(&path, &other),
            4 => record.refused(Errno::Notcapable, "open", input.arbitrary()?, input.arbitrary()?),
            _ => record.begin(),
        }
    }
    let (denials, _) = record.take_denials();
    assert!(denials.len() <= 100);
    assert!(denials.iter().all(|denial| denial.target.chars().count() <= 512 && !denial.target.contains('\u{1b}')));
    let changes = record.take_changes();
    let all: Vec<&String> = [&changes.created, &changes.modified, &changes.deleted].into_iter().flatten().collect();
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(all.len(), distinct.len(), "a path has two fates: {changes:?}");
    Ok(())
}
