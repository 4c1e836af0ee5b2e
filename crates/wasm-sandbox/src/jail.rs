//! Walls of the operating system around work that must not touch the host: compilers.
//!
//! A program in the jail reads and writes only the paths that it is given (Landlock), and sees no others, has no network, no
//! capabilities and process numbers of its own (namespaces), cannot make the system calls that lead elsewhere (seccomp),
//! starts with an empty environment, and is bounded in time, memory and output. Nothing that it starts outlives it.

mod child;
pub(crate) mod fork;
pub(crate) mod own;
mod view;
mod walls;
mod watch;
pub(crate) mod work;

use std::{
    ffi::OsString,
    io::Read,
    net::Shutdown,
    os::{
        fd::OwnedFd,
        unix::{
            net::UnixStream,
            process::{CommandExt, ExitStatusExt},
        },
    },
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal};
use wasm_sandbox_policy::{ByteSize, LimitHit, ResourceKind, SandboxError};

pub(crate) use self::child::die_with_us;
use self::walls::Walls;

/// A program and what it may touch and use.
#[derive(Clone, Debug)]
pub(crate) struct JailSpec {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) environment: Vec<(String, OsString)>,
    pub(crate) directory: PathBuf,
    /// Files and folders that it may read and run.
    pub(crate) read: Vec<PathBuf>,
    /// Folders that it may change.
    pub(crate) write: Vec<PathBuf>,
    /// Whether it sees `/proc`, where it can open its own pipes once more and wait for itself. Without it, a program is
    /// found by the link that it looks for, and there is nothing else.
    pub(crate) processes: bool,
    /// Whether it may use the internet; nothing that a stranger wrote may run in a jail with this.
    pub(crate) network: bool,
    pub(crate) limits: JailLimits,
}

/// How much a program in the jail may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JailLimits {
    /// Of each of its processes.
    pub(crate) cpu_time: Duration,
    pub(crate) wall_time: Duration,
    /// Address space of each of its processes.
    pub(crate) memory: ByteSize,
    /// Memory of all its processes together.
    pub(crate) total_memory: ByteSize,
    /// Room that must stay on the disk while it runs, whoever takes it.
    pub(crate) disk_left: ByteSize,
    pub(crate) processes: u64,
    pub(crate) file_size: ByteSize,
    /// Of stdout and stderr, each; the rest is read and thrown away.
    pub(crate) output: ByteSize,
}

impl Default for JailLimits {
    fn default() -> Self {
        Self {
            cpu_time: Duration::from_secs(60),
            wall_time: Duration::from_secs(120),
            memory: ByteSize::gib(4),
            total_memory: ByteSize::gib(8),
            disk_left: ByteSize::mib(256),
            processes: 256,
            file_size: ByteSize::mib(512),
            output: ByteSize::kib(256),
        }
    }
}

impl JailLimits {
    /// For a single file, in a setup with such a patience.
    pub(crate) fn of_a_file(patience: Duration) -> Self {
        let limits = Self::default();
        Self { wall_time: limits.wall_time.min(patience), ..limits }
    }
}

/// Whether the walls must stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum JailMode {
    /// No walls, no run.
    #[default]
    Enforced,
    /// The program runs with this process's own rights, bounded only in time and output.
    Dangerous,
}

/// What a program in the jail came to.
#[derive(Debug)]
pub(crate) struct JailOutput {
    pub(crate) success: bool,
    /// The signal that ended it, if one did.
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// Runs a program in the jail.
///
/// # Errors
/// [`SandboxError::Unenforceable`] when the walls cannot be built here, [`SandboxError::ResourceExhausted`] when the program
/// used too much.
pub(crate) fn run(spec: &JailSpec, mode: JailMode) -> Result<JailOutput, SandboxError> {
    let failed = |error: std::io::Error| SandboxError::internal(format!("running `{}`", spec.program.display()), error);
    let limit = spec.limits.output.as_u64();
    let (stdout, said) = stream(limit).map_err(failed)?;
    let (stderr, complained) = stream(limit).map_err(failed)?;
    let mut command = Command::new(&spec.program);
    command
        .args(&spec.arguments)
        .env_clear()
        .envs(spec.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(&spec.directory)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        .process_group(0);
    die_with_us(&mut command).map_err(failed)?;
    if mode == JailMode::Enforced {
        child::confine(&mut command, Walls::build(spec)?, spec);
    }
    let started = Instant::now();
    let spawned = command.spawn();
    // It holds the program's ends of the streams, which would have no end while it lives.
    drop(command);
    let ended = wait(&mut spawned.map_err(failed)?, spec, started, mode).map_err(failed)?;
    let collect = |reader: JoinHandle<Vec<u8>>| reader.join().unwrap_or_default();
    let (stdout, stderr) = (collect(said), collect(complained));
    let status = ended?;
    if status.code() == Some(child::WALLS_FAILED) {
        return Err(SandboxError::Unenforceable {
            what: "the jail that compilers run in".to_owned(),
            reason: String::from_utf8_lossy(&stderr).trim().to_owned(),
        });
    }
    Ok(JailOutput { success: status.success(), signal: signal_of(status), stdout, stderr })
}

/// Runs a command of our own choosing to its end, outside of the jail: what fetches and prepares compilers. It does not
/// outlive this process.
pub(crate) fn output_of(command: &mut Command) -> std::io::Result<std::process::Output> {
    die_with_us(command)?;
    command.stdin(Stdio::null()).output()
}

/// The signal that ended the program; one that it had itself, or that its first process passes on as a shell does.
fn signal_of(status: ExitStatus) -> Option<i32> {
    status.signal().or_else(|| status.code().filter(|code| (129..160).contains(code)).map(|code| code - 128))
}

/// A stream for a program to write to, and what will have been read of it. It is a socket: a pipe can be opened once more by
/// its number, by a source that its compiler is told to include, and whoever reads it waits for what nobody will write.
fn stream(limit: u64) -> std::io::Result<(Stdio, JoinHandle<Vec<u8>>)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.shutdown(Shutdown::Write)?;
    Ok((OwnedFd::from(theirs).into(), thread::spawn(move || read_some(ours, limit))))
}

/// The first bytes of a stream; the rest is read too, so that the writer never waits.
fn read_some(mut stream: impl Read, limit: u64) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut piece = [0; 16 << 10];
    while let Ok(len) = stream.read(&mut piece) {
        if len == 0 {
            break;
        }
        let room = usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(kept.len());
        kept.extend_from_slice(piece.get(..len.min(room)).unwrap_or_default());
    }
    kept
}

/// Waits for the end, or kills everything at the deadline or when too much is used. In the jail nothing is left of it when
/// this returns.
fn wait(
    process: &mut Child,
    spec: &JailSpec,
    started: Instant,
    mode: JailMode,
) -> std::io::Result<Result<ExitStatus, SandboxError>> {
    let stopped = loop {
        let left = spec.limits.wall_time.saturating_sub(started.elapsed());
        if fork::wait_for_end(process.id().cast_signed(), left.min(watch::PAUSE))? {
            break None;
        }
        if left.is_zero() {
            break Some(too_long(started.elapsed(), spec.limits.wall_time));
        }
        if let Some(excess) = watch::excess(spec, process.id()) {
            break Some(excess);
        }
    };
    if let (Some(_), Some(pid)) = (&stopped, Pid::from_raw(process.id().cast_signed())) {
        match mode {
            JailMode::Enforced => rustix::process::kill_process(pid, child::STOP)?,
            JailMode::Dangerous => rustix::process::kill_process_group(pid, Signal::KILL)?,
        }
    }
    let status = process.wait()?;
    Ok(stopped.map_or(Ok(status), Err))
}

fn too_long(used: Duration, limit: Duration) -> SandboxError {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    LimitHit { kind: ResourceKind::CompileTime, used: millis(used), limit: millis(limit) }.into()
}

/// Whether the walls can be built here.
#[cfg(feature = "wasmtime")]
pub(crate) fn diagnose() -> crate::setup::Diagnosis {
    let spec = JailSpec {
        program: PathBuf::from("/bin/true"),
        arguments: Vec::new(),
        environment: Vec::new(),
        directory: PathBuf::from("/"),
        read: vec![PathBuf::from("/bin"), PathBuf::from("/usr"), PathBuf::from("/lib"), PathBuf::from("/lib64")],
        write: Vec::new(),
        processes: true,
        network: false,
        limits: JailLimits::default(),
    };
    match run(&spec, JailMode::Enforced) {
        Ok(output) if output.success => {
            crate::setup::Diagnosis::found("jail for compilers", "Landlock, seccomp, namespaces")
        }
        Ok(_) => crate::setup::Diagnosis::missing("jail for compilers", "a program in it did not run"),
        Err(error) => crate::setup::Diagnosis::missing("jail for compilers", &error.to_string()),
    }
}
