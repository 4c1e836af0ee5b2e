//! What is left of a process that is killed while a compiler works for it: nothing.

use std::{
    fs,
    os::{fd::OwnedFd, unix::process::ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open},
};
use wasm_sandbox::{Setup, WasmSandbox};

use crate::told;

/// For how long anything may take here, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// Tells this test, started once more, in which folder it is to build.
const FOLDER: &str = "WASM_SANDBOX_TEST_KILLED";

/// A project, the cache that it is built in, and the process that builds it.
struct Builder {
    folder: tempfile::TempDir,
    process: Child,
}

impl Builder {
    /// Starts a build whose script never ends, and waits until it has begun.
    fn start(test: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = "fn main() { std::fs::write(\"begun\", \"\").unwrap(); loop { std::thread::park() } }";
        project(&folder.path().join("endless"), script);
        let process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut builder = Self { folder, process };
        builder.wait_for_its_script();
        builder
    }

    fn wait_for_its_script(&mut self) {
        let started = Instant::now();
        while !self.work().iter().any(|folder| folder.join("project/begun").exists()) {
            assert_eq!(self.process.try_wait().unwrap(), None, "it ended before it began");
            assert!(started.elapsed() < PATIENCE, "the script does not begin");
            std::thread::yield_now();
        }
    }

    /// The folders in which something is built, or was.
    fn work(&self) -> Vec<PathBuf> {
        let folders = fs::read_dir(self.folder.path().join("cache/work"));
        folders.into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
    }

    fn build_another(&self, name: &str) {
        let path = self.folder.path().join(name);
        project(&path, "fn main() {}");
        build(self.folder.path(), name);
    }

    /// Everything that the process has started, and that has been started by that.
    fn descendants(&self) -> Vec<(u32, OwnedFd)> {
        let mut found = vec![self.process.id()];
        let mut next = 0;
        while let Some(parent) = found.get(next).copied() {
            found.extend(processes().filter(|(_, of)| *of == parent).map(|(process, _)| process));
            next += 1;
        }
        let open = |process: u32| pidfd_open(Pid::from_raw(process as i32).unwrap(), PidfdFlags::empty());
        found.into_iter().skip(1).filter_map(|process| Some((process, open(process).ok()?))).collect()
    }
}

impl Drop for Builder {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// All processes and their parents.
fn processes() -> impl Iterator<Item = (u32, u32)> {
    fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let process: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        Some((process, stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?))
    })
}

fn project(folder: &Path, script: &str) {
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("Cargo.toml"), "[package]\nname = 'p'\nversion = '0.1.0'\nedition = '2024'\n").unwrap();
    fs::write(folder.join("src/main.rs"), "fn main() {}").unwrap();
    fs::write(folder.join("build.rs"), script).unwrap();
}

fn build(folder: &Path, name: &str) {
    let setup = Setup::discover().cache_dir(folder.join("cache"));
    WasmSandbox::builder().setup(setup).source(folder.join(name)).build_blocking().unwrap();
}

fn ends_soon(process: &OwnedFd) -> bool {
    let patience = Timespec { tv_sec: PATIENCE.as_secs() as i64, tv_nsec: 0 };
    poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&patience)).unwrap() > 0
}

fn nothing_is_left_after(signal: Signal, test: &str) {
    if let Some(folder) = told(FOLDER) {
        return build(Path::new(&folder), "endless");
    }
    let mut builder = Builder::start(test);
    // The twin: what works stays, and so does its folder, whoever else builds something.
    builder.build_another("first");
    assert_eq!(builder.work().len(), 1, "{:?}", builder.work());
    let descendants = builder.descendants();
    // The jail's own process, cargo and the script.
    assert!(descendants.len() >= 3, "{descendants:?}");
    kill_process(Pid::from_child(&builder.process), signal).unwrap();
    assert_eq!(builder.process.wait().unwrap().signal(), Some(signal.as_raw()));
    for (process, descriptor) in &descendants {
        assert!(ends_soon(descriptor), "process {process} of {descendants:?} goes on");
    }
    builder.build_another("second");
    assert_eq!(builder.work(), Vec::<PathBuf>::new());
}

#[test]
fn i11_nothing_is_left_of_a_process_that_is_killed() {
    nothing_is_left_after(Signal::KILL, "killed::i11_nothing_is_left_of_a_process_that_is_killed");
}

#[test]
fn i11_nothing_is_left_of_a_process_that_is_told_to_end() {
    nothing_is_left_after(Signal::TERM, "killed::i11_nothing_is_left_of_a_process_that_is_told_to_end");
}
