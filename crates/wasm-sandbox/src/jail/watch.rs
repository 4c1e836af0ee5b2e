//! What the kernel does not bound for all processes of a jail together: their memory, and the room that they leave on the
//! disk. Both are looked at now and then, so they are bounded roughly; a jail that outruns the looks is what the kernel
//! kills first when memory runs out (`child.rs`).

use std::{collections::HashMap, fs, time::Duration};

use wasm_sandbox_policy::{LimitHit, ResourceKind, SandboxError};

use super::JailSpec;

/// The unit of processor time in `/proc`, the same on every Linux.
const TICKS_PER_SECOND: u64 = 100;

/// How often it is looked.
pub(super) const PAUSE: Duration = Duration::from_millis(250);

/// What is over its bound, if anything is, in the jail whose first process is a child of `shadow`.
pub(super) fn excess(spec: &JailSpec, shadow: u32) -> Option<SandboxError> {
    let Usage { memory, processes, longest_ms } = use_of(shadow);
    for (kind, used, limit) in [
        // The kernel bounds it a little later, with a signal that does not say why.
        (ResourceKind::CompileTime, longest_ms, millis(spec.limits.cpu_time)),
        (ResourceKind::CompileMemory, memory, spec.limits.total_memory.as_u64()),
        // The kernel bounds them too, but for an administrator's processes.
        (ResourceKind::CompileProcesses, processes, spec.limits.processes),
    ] {
        if used > limit {
            return Some(LimitHit { kind, used, limit }.into());
        }
    }
    let crowded = |path| room(path).is_some_and(|room| room < spec.limits.disk_left.as_u64());
    spec.write.iter().filter(|path| path.is_dir()).any(|path| crowded(path)).then(|| {
        let reason = format!("less than {} of the disk would be left", spec.limits.disk_left);
        SandboxError::internal("compiling", reason)
    })
}

/// Bytes that this user can still write there.
fn room(path: &std::path::Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// What a process and all its descendants use.
struct Usage {
    /// Bytes that they have for themselves.
    memory: u64,
    /// How many descendants there are.
    processes: u64,
    /// Processor time of the one that has used most.
    longest_ms: u64,
}

fn use_of(ancestor: u32) -> Usage {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for process in fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok) {
        let number = process.file_name().to_str().and_then(|name| name.parse().ok());
        // One that has ended in the meantime has no parent.
        if let Some((number, parent)) = number.and_then(|number| Some((number, parent(number)?))) {
            children.entry(parent).or_default().push(number);
        }
    }
    let (mut memory, mut processes, mut longest_ms) = (0_u64, 0, 0);
    let mut left = vec![ancestor];
    while let Some(process) = left.pop() {
        memory = memory.saturating_add(own_memory(process).unwrap_or(0));
        longest_ms = longest_ms.max(own_time_ms(process).unwrap_or(0));
        let own = children.remove(&process).unwrap_or_default();
        processes += own.len() as u64;
        left.extend(own);
    }
    Usage { memory, processes, longest_ms }
}

fn parent(process: u32) -> Option<u32> {
    u32::try_from(*stat(process)?.first()?).ok()
}

fn own_time_ms(process: u32) -> Option<u64> {
    let stat = stat(process)?;
    let ticks = stat.get(10)?.checked_add(*stat.get(11)?)?;
    ticks.checked_mul(1000 / TICKS_PER_SECOND)
}

/// `number (name) state parent ...`, where the name can be anything: the numbers from the parent on.
fn stat(process: u32) -> Option<Vec<u64>> {
    let line = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Some further on are negative, and of no interest here.
    Some(line.rsplit_once(')')?.1.split_whitespace().skip(1).map(|number| number.parse().unwrap_or(0)).collect())
}

/// What it does not share with files; the kernel says it in kilobytes.
fn own_memory(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::path::PathBuf;

    use wasm_sandbox_policy::ByteSize;

    use super::*;
    use crate::jail::{self, JailLimits, JailMode};

    fn shell(script: &str, limits: JailLimits, write: Vec<PathBuf>) -> Result<jail::JailOutput, SandboxError> {
        let folders = ["/bin", "/usr", "/lib", "/lib64", "/dev/zero", "/dev/null"];
        let spec = JailSpec {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            environment: vec![("PATH".to_owned(), "/bin:/usr/bin".into())],
            directory: "/".into(),
            read: folders.map(PathBuf::from).to_vec(),
            write,
            processes: true,
            network: false,
            limits: JailLimits { wall_time: Duration::from_secs(60), ..limits },
        };
        jail::run(&spec, JailMode::Enforced)
    }

    /// I9: no process has too much, but all together have.
    #[test]
    fn i9_memory_is_summed_over_processes() {
        let hold = "x=$(head -c 40000000 /dev/zero | tr '\\0' a)";
        // While a shell makes its text longer it has it several times over.
        let limits = JailLimits { total_memory: ByteSize::mib(200), ..JailLimits::default() };
        let script = format!("for n in 1 2 3 4 5 6 7 8; do ({hold}; while :; do :; done) & done; wait");
        match shell(&script, limits.clone(), Vec::new()) {
            Err(SandboxError::ResourceExhausted { kind, used, limit }) => {
                assert_eq!((kind, limit), (ResourceKind::CompileMemory, 200 << 20));
                assert!(used > limit);
            }
            other => panic!("{other:?}"),
        }
        let output = shell(&format!("{hold}; echo done"), limits, Vec::new()).unwrap();
        assert_eq!(output.stdout, b"done\n");
    }

    /// I9: where the kernel does not keep them from being started, too many are the end of all.
    #[test]
    fn i9_processes_are_counted() {
        let start = |count: u32| format!("n=0; while [ $n -lt {count} ]; do sleep 50 & n=$((n+1)); done; {}", "wait");
        let limits = JailLimits { processes: 20, ..JailLimits::default() };
        match shell(&start(40), limits.clone(), Vec::new()) {
            Err(SandboxError::ResourceExhausted { kind, used, limit }) => {
                assert_eq!((kind, limit), (ResourceKind::CompileProcesses, 20));
                assert!(used > limit);
            }
            Ok(output) => assert!(String::from_utf8_lossy(&output.stderr).contains("ork"), "{output:?}"),
            other => panic!("{other:?}"),
        }
        let output = shell(&start(10).replace("wait", "echo done"), limits, Vec::new()).unwrap();
        assert_eq!(output.stdout, b"done\n");
    }

    /// I9: processor time has its own bound, long before the time on the wall is up.
    #[test]
    fn i9_processor_time_ends_a_loop() {
        let limits = JailLimits { cpu_time: Duration::from_secs(1), ..JailLimits::default() };
        match shell("while :; do :; done", limits.clone(), Vec::new()) {
            Err(SandboxError::ResourceExhausted { kind, used, limit }) => {
                assert_eq!((kind, limit), (ResourceKind::CompileTime, 1000));
                assert!((1000..5000).contains(&used), "{used}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(shell("sleep 2; echo done", limits, Vec::new()).unwrap().stdout, b"done\n");
    }

    /// I11: a build does not fill the disk.
    #[test]
    fn i11_room_is_left_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let limits = JailLimits { disk_left: ByteSize::gib(1 << 30), ..JailLimits::default() };
        let error = shell("while :; do :; done", limits, vec![folder.path().to_owned()]).unwrap_err();
        assert!(error.to_string().contains("of the disk would be left"), "{error}");
        let output = shell("echo done", JailLimits::default(), vec![folder.path().to_owned()]).unwrap();
        assert_eq!(output.stdout, b"done\n");
    }
}
