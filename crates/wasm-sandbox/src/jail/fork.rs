//! Work in a child process that can be killed, without a program to start: `fork`, no `exec`. A library has no executable
//! of its own; `docs/design/003-compile-in-a-forked-child.md` weighs the alternatives.

#![expect(unsafe_code, reason = "there is no safe `fork`, and no library's could know what the child will do")]

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    os::fd::{AsFd, OwnedFd},
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Resource, Rlimit, Signal},
};
use wasm_sandbox_policy::{ByteSize, LimitHit, ResourceKind};

/// What the work may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChildLimits {
    pub(crate) cpu_time: Duration,
    pub(crate) wall_time: Duration,
    /// Address space on top of what this process has.
    pub(crate) memory: ByteSize,
}

/// Why there is no result.
#[derive(Debug)]
pub(crate) enum ChildFailure {
    /// It used too much.
    Limit(LimitHit),
    /// The work itself says so.
    Work(String),
    /// The machine could not do it.
    System(String),
}

/// A child that used less processor time than this when its wall time was up waited for a lock that another thread held at
/// the moment of the fork; it is given another try.
const STUCK: Duration = Duration::from_millis(50);

/// First byte of what a child sends.
const GOOD: u8 = 0;
const BAD: u8 = 1;

/// Runs `work` in a child and gives back its bytes. `work` must not need another thread of this process.
pub(crate) fn run(limits: &ChildLimits, work: impl Fn() -> Result<Vec<u8>, String>) -> Result<Vec<u8>, ChildFailure> {
    match attempt(limits, &work) {
        Err(Attempt::Stuck) => attempt(limits, &work),
        outcome => outcome,
    }
    .map_err(|failure| match failure {
        Attempt::Failed(failure) => failure,
        Attempt::Stuck => ChildFailure::System("the child never began to work".to_owned()),
    })
}

enum Attempt {
    Failed(ChildFailure),
    Stuck,
}

fn attempt(limits: &ChildLimits, work: &impl Fn() -> Result<Vec<u8>, String>) -> Result<Vec<u8>, Attempt> {
    let system =
        |what: &str, error: &dyn std::fmt::Display| Attempt::Failed(ChildFailure::System(format!("{what}: {error}")));
    let memory = rustix::fs::memfd_create("wasm-sandbox-result", rustix::fs::MemfdFlags::CLOEXEC);
    let mut answer = File::from(memory.map_err(|error| system("a buffer", &error))?);
    let address_space = memory_of("VmSize:").map_err(|error| system("the size of this process", &error))?;
    let this = this_process().map_err(|error| system("this process", &error))?;
    // SAFETY: the child runs `child`, which never returns: it uses the allocator (whose locks the C library hands over to a
    // child in a sound state), its own copy of this stack, and descriptors that it owns, and ends with `_exit`, so that no
    // destructor or exit handler of the parent's runs in it. It starts no thread and takes no lock of the parent's by
    // design; one that it takes by accident while another thread held it is what `Attempt::Stuck` is for.
    let pid = unsafe { libc::fork() };
    match pid {
        -1 => Err(system("fork", &std::io::Error::last_os_error())),
        0 => child(limits, address_space, &this, &mut answer, work),
        pid => parent(limits, pid, &mut answer),
    }
}

/// Bytes of one of the kinds of memory that the kernel counts for this process.
pub(crate) fn memory_of(kind: &str) -> std::io::Result<u64> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let size = text.lines().find_map(|line| line.strip_prefix(kind)?.trim().strip_suffix(" kB"));
    let kib: u64 = size.and_then(|size| size.parse().ok()).ok_or_else(|| std::io::Error::other("unreadable"))?;
    Ok(kib.saturating_mul(1024))
}

fn child(
    limits: &ChildLimits,
    address_space: u64,
    parent: &OwnedFd,
    answer: &mut File,
    work: &impl Fn() -> Result<Vec<u8>, String>,
) -> ! {
    let bounded = die_with(parent).and_then(|()| confine(limits, address_space)).is_ok();
    let outcome = if bounded {
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err("the compiler failed on it".to_owned()))
    } else {
        Err("the child could not be bounded".to_owned())
    };
    let (kind, bytes) = match outcome {
        Ok(bytes) => (GOOD, bytes),
        Err(reason) => (BAD, reason.into_bytes()),
    };
    let sent = answer.write_all(&[kind]).and_then(|()| answer.write_all(&bytes));
    // SAFETY: `_exit` ends the process at once and is always sound to call.
    unsafe { libc::_exit(i32::from(sent.is_err())) }
}

fn confine(limits: &ChildLimits, address_space: u64) -> rustix::io::Result<()> {
    // One byte holds no dump, and unlike none at all it also keeps the kernel from handing one to a program that collects them.
    bound(Resource::Core, 1)?;
    bound_cpu(limits.cpu_time)?;
    bound(Resource::As, address_space.saturating_add(limits.memory.as_u64()))?;
    // A panic or an aborted allocation has nothing to say to the parent's terminal.
    let null = rustix::fs::open("/dev/null", rustix::fs::OFlags::RDWR, rustix::fs::Mode::empty())?;
    rustix::stdio::dup2_stderr(&null)?;
    rustix::stdio::dup2_stdout(&null)
}

/// What a child of this process needs to [`die_with`] it.
pub(super) fn this_process() -> rustix::io::Result<OwnedFd> {
    rustix::process::pidfd_open(rustix::process::getpid(), PidfdFlags::empty())
}

/// Has this process killed when its parent ends, or rather the parent's thread that has made it and waits for it.
pub(super) fn die_with(parent: &OwnedFd) -> rustix::io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have ended before that was said.
    let mut ended = [PollFd::from_borrowed_fd(parent.as_fd(), PollFlags::IN)];
    match poll(&mut ended, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))? {
        0 => Ok(()),
        _ => Err(rustix::io::Errno::SRCH),
    }
}

/// Sets a limit of this process for good.
fn bound(resource: Resource, value: u64) -> rustix::io::Result<()> {
    rustix::process::setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) })
}

/// As [`bound`] for processor time. The kernel says with a signal of its own that the lower limit was reached; at the upper
/// one it only kills, and nobody could tell why.
fn bound_cpu(time: Duration) -> rustix::io::Result<()> {
    let seconds = time.as_secs().max(1);
    let limit = Rlimit { current: Some(seconds), maximum: Some(seconds.saturating_add(1)) };
    rustix::process::setrlimit(Resource::Cpu, limit)
}

fn parent(limits: &ChildLimits, pid: libc::pid_t, answer: &mut File) -> Result<Vec<u8>, Attempt> {
    let started = Instant::now();
    let system = |reason: String| Attempt::Failed(ChildFailure::System(reason));
    let in_time = wait_for_end(pid, limits.wall_time);
    if in_time.is_err() || in_time.as_ref().is_ok_and(|in_time| !in_time) {
        // SAFETY: `pid` is a child of this process that has not been waited for, so the number cannot name another process.
        unsafe { libc::kill(pid, libc::SIGKILL) };
    }
    let (status, cpu, peak) = reap(pid).map_err(|error| system(format!("waiting: {error}")))?;
    let in_time = in_time.map_err(|error| system(format!("watching: {error}")))?;
    if !in_time && cpu < STUCK {
        return Err(Attempt::Stuck);
    }
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let time = |used, limit| LimitHit { kind: ResourceKind::CompileTime, used: millis(used), limit: millis(limit) };
    let limit = |hit| Err(Attempt::Failed(ChildFailure::Limit(hit)));
    if !in_time {
        return limit(time(started.elapsed(), limits.wall_time));
    }
    if libc::WIFSIGNALED(status) {
        let signal = libc::WTERMSIG(status);
        if signal == libc::SIGXCPU || cpu >= limits.cpu_time {
            return limit(time(cpu.max(limits.cpu_time), limits.cpu_time));
        }
        // An allocation that fails aborts; nothing else in the compiler does.
        let memory = limits.memory.as_u64();
        return limit(LimitHit { kind: ResourceKind::CompileMemory, used: peak.max(memory), limit: memory });
    }
    let mut bytes = Vec::new();
    answer
        .seek(SeekFrom::Start(0))
        .and_then(|_| answer.read_to_end(&mut bytes))
        .map_err(|error| system(format!("reading the result: {error}")))?;
    match bytes.split_first() {
        Some((&GOOD, rest)) if libc::WEXITSTATUS(status) == 0 => Ok(rest.to_vec()),
        Some((&BAD, rest)) => Err(Attempt::Failed(ChildFailure::Work(String::from_utf8_lossy(rest).into_owned()))),
        _ => Err(system("the child sent nothing".to_owned())),
    }
}

/// Whether the child ended within `patience`.
pub(crate) fn wait_for_end(pid: libc::pid_t, patience: Duration) -> rustix::io::Result<bool> {
    let pid = Pid::from_raw(pid).ok_or(rustix::io::Errno::SRCH)?;
    let descriptor = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
    let deadline = Instant::now() + patience;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout =
            Timespec { tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX), tv_nsec: left.subsec_nanos().into() };
        let mut descriptors = [PollFd::from_borrowed_fd(descriptor.as_fd(), PollFlags::IN)];
        match poll(&mut descriptors, Some(&timeout)) {
            Ok(0) => return Ok(false),
            Ok(_) => return Ok(true),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}

/// The child's status, processor time and peak memory; no other child is touched.
fn reap(pid: libc::pid_t) -> std::io::Result<(libc::c_int, Duration, u64)> {
    let mut status = 0;
    // SAFETY: all-zero bytes are a valid `rusage`, and `wait4` only writes to the two places that it is given.
    let (reaped, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        loop {
            let reaped = libc::wait4(pid, &raw mut status, 0, &raw mut usage);
            if reaped != -1 || std::io::Error::last_os_error().kind() != std::io::ErrorKind::Interrupted {
                break (reaped, usage);
            }
        }
    };
    if reaped != pid {
        return Err(std::io::Error::last_os_error());
    }
    let time = |time: libc::timeval| {
        Duration::new(
            u64::try_from(time.tv_sec).unwrap_or(0),
            u32::try_from(time.tv_usec).unwrap_or(0).saturating_mul(1000),
        )
    };
    let peak = u64::try_from(usage.ru_maxrss).unwrap_or(0).saturating_mul(1024);
    Ok((status, time(usage.ru_utime) + time(usage.ru_stime), peak))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    fn limits() -> ChildLimits {
        let second = Duration::from_secs(1);
        ChildLimits { cpu_time: second, wall_time: second * 10, memory: ByteSize::mib(64) }
    }

    #[test]
    fn g10_a_child_that_dies_leaves_no_core_file() {
        let report = || std::fs::read("/proc/self/limits").map_err(|error| error.to_string());
        let inside = String::from_utf8(run(&limits(), report).unwrap()).unwrap();
        let core = inside.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().collect::<Vec<_>>(), ["1", "1", "bytes"]);
    }

    #[test]
    fn b10_a_child_ends_at_its_limits() {
        let hit = |work: fn() -> Result<Vec<u8>, String>| match run(&limits(), work) {
            Err(ChildFailure::Limit(hit)) => hit,
            other => panic!("{other:?}"),
        };
        let spin = hit(|| {
            loop {
                std::hint::spin_loop()
            }
        });
        assert_eq!((spin.kind, spin.limit), (ResourceKind::CompileTime, 1000));
        let flood = hit(|| Ok(vec![1; 256 << 20]));
        assert_eq!((flood.kind, flood.limit), (ResourceKind::CompileMemory, 64 << 20));
        assert_eq!(run(&limits(), || Ok(vec![1; 1 << 20])).unwrap().len(), 1 << 20);
        assert!(matches!(run(&limits(), || panic!("of its own")), Err(ChildFailure::Work(_))));
    }
}
